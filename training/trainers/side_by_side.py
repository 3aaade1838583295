"""Training over several processes: each makes the gradients of its share of a batch, this one adds them up.

    with Helpers(1) as helpers:                 # they start; torch takes seconds to import
        helpers.share(loss, lessons, seed)      # the loss's weights are in shared memory from here on
        nats = helpers.gradients([3, 1, 4], step=0)
        helpers.part()

Every state of a batch goes to the process whose turn it is. Sums have the order of the processes, and each process
draws for a step from the seed, the step and its own number. So the same number of processes gives the same bytes on
one machine, and a training that was stopped needs no state of theirs to go on. Another number gives others: it draws
otherwise.

Weights and gradients lie in memory without a name, so that nothing of it is left after any end. A helper ends when this
process does, because its socket closes.
"""

from __future__ import annotations

import mmap
import os
import pickle
import signal
import socket
import subprocess
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from multiprocessing.connection import Connection
from types import TracebackType
from typing import TYPE_CHECKING, Self

from prover.rounds.process import started
from prover.search.streams import stream_seed

# A helper imports it together with torch.
if TYPE_CHECKING:
    from torch import Tensor, nn

    from training.trainers.lesson import Lesson
    from training.trainers.ranker_loss import RankerLoss

#: Seconds that a process which closed its socket has to end by itself.
_LAST_WORDS = 5.0


class HelperDied(Exception):
    """A process that trained beside this one is gone. The text says how it ended."""


class Helpers:
    """`count` processes beside this one; none for 0."""

    def __init__(self, count: int) -> None:
        self._memory = _nameless() if count else -1
        self._helpers: list[_Helper] = []
        self._loss: RankerLoss
        self._lessons: Sequence[Lesson]
        self._seed = 0
        #: For each helper its gradients, in the order of the model's parameters.
        self._gradients: list[list[Tensor]] = []
        try:
            for _ in range(count):
                self._helpers.append(_Helper(self._memory))
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __bool__(self) -> bool:
        return bool(self._helpers)

    @property
    def pids(self) -> list[int]:
        return [helper.pid for helper in self._helpers]

    def close(self) -> None:
        for helper in self._helpers:
            helper.end()
        self._helpers.clear()
        if self._memory >= 0:
            os.close(self._memory)
            self._memory = -1

    def share(self, loss: RankerLoss, lessons: Sequence[Lesson], seed: int) -> None:
        """From now on the weights of the loss's model are in memory that all processes see. Raises HelperDied."""
        self._loss, self._lessons, self._seed = loss, lessons, seed
        rows = _rows(self._memory, loss.model, 1 + len(self._helpers), new=True)
        for parameter, weights in zip(loss.model.parameters(), rows[0], strict=True):
            weights.copy_(parameter.detach())
            parameter.data = weights
        self._gradients = rows[1:]
        for helper in self._helpers:
            helper.say((loss, lessons, seed, 1 + len(self._helpers)))

    def gradients(self, batch: Sequence[int], step: int) -> float:
        """Leaves the batch's gradients in the model and returns its loss in nats. Raises HelperDied."""
        size = 1 + len(self._helpers)
        whole = float(sum(self._lessons[index].weight for index in batch))
        for rank, helper in enumerate(self._helpers, start=1):
            helper.say((step, rank, batch[rank::size], whole))
        nats = _learn(self._loss, self._lessons, batch[::size], whole, (self._seed, step, 0))
        for helper, gradients in zip(self._helpers, self._gradients, strict=True):
            more, tokens = helper.hear()
            nats += more
            self._loss.tokens += tokens
            for parameter, gradient in zip(self._loss.model.parameters(), gradients, strict=True):
                if parameter.grad is not None:
                    parameter.grad.add_(gradient)
        return nats

    def part(self) -> None:
        """The weights are this process's own again."""
        for parameter in self._loss.model.parameters():
            parameter.data = parameter.detach().clone()
        self._gradients = []


class _Helper:
    """One process, at the other end of a socket pair."""

    def __init__(self, memory: int) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = started("training.trainers.side_by_side", theirs.fileno(), memory)
        self._connection = Connection(ours.detach())

    @property
    def pid(self) -> int:
        return self._process.pid

    def say(self, message: object) -> None:
        try:
            self._connection.send_bytes(pickle.dumps(message, pickle.HIGHEST_PROTOCOL))
        except OSError:
            raise self._died() from None

    def hear(self) -> tuple[float, int]:
        """The loss of its share in nats, and the tokens that it read."""
        try:
            heard: tuple[float, int] = pickle.loads(self._connection.recv_bytes())
        except (EOFError, OSError):
            raise self._died() from None
        return heard

    def end(self) -> int:
        self._connection.close()
        with suppress(ProcessLookupError):
            self._process.kill()
        return self._process.wait()

    def _died(self) -> HelperDied:
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_LAST_WORDS)
        code = self.end()
        how = f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"
        return HelperDied(
            f"a process that trained beside this one ended ({how}). Likely causes: too little free memory (each takes "
            "about 0.5 GB); processes = 1 in [train] does without. What was trained is kept: --resume goes on"
        )


def main(descriptor: int, memory: int) -> None:
    """The life of a helper: the first message is what to learn, each other one a share of a batch."""
    import torch

    from training.trainers import ranker_loss  # noqa: F401  # seconds, while the other side makes its lessons

    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    connection = Connection(descriptor)
    with suppress(EOFError, OSError):
        loss, lessons, seed, size = pickle.loads(connection.recv_bytes())
        rows = _rows(memory, loss.model, size)
        loss.model.train()
        for parameter, weights in zip(loss.model.parameters(), rows[0], strict=True):
            parameter.data = weights
        while True:
            step, rank, share, whole = pickle.loads(connection.recv_bytes())
            before = loss.tokens
            nats = _learn(loss, lessons, share, whole, (seed, step, rank))
            for parameter, gradient in zip(loss.model.parameters(), rows[rank], strict=True):
                if parameter.grad is None:
                    gradient.zero_()
                else:
                    gradient.copy_(parameter.grad)
            connection.send_bytes(pickle.dumps((nats, loss.tokens - before)))


def _learn(
    loss: RankerLoss, lessons: Sequence[Lesson], share: Sequence[int], whole: float, draws: tuple[int, int, int]
) -> float:
    """Leaves the gradients of a share of a batch in the loss's model; returns its loss in nats."""
    import torch

    loss.model.zero_grad()
    if not share:
        return 0.0  # the batch has fewer states than there are processes
    stream = stream_seed(*draws) >> 1  # room for the next number
    loss.noise.manual_seed(stream)
    torch.manual_seed(stream + 1)
    nats = loss([lessons[index] for index in share], whole)
    nats.backward()  # type: ignore[no-untyped-call]
    return float(nats.detach())


def _rows(memory: int, model: nn.Module, count: int, *, new: bool = False) -> list[list[Tensor]]:
    """`count` rows of tensors in shared memory, each row shaped as the model's parameters."""
    import torch

    parameters = list(model.parameters())
    size = sum(parameter.numel() for parameter in parameters)
    if new:
        os.ftruncate(memory, count * size * 4)
    flat = torch.frombuffer(mmap.mmap(memory, count * size * 4), dtype=torch.float32)
    rows = []
    for row in flat.reshape(count, size):
        parts = row.split([parameter.numel() for parameter in parameters])
        rows.append([part.view(parameter.shape) for part, parameter in zip(parts, parameters, strict=True)])
    return rows


def _nameless() -> int:
    """A descriptor of memory that has no name, so that nothing of it stays behind."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create("training")
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())
