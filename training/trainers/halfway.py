"""Training that a kill cannot undo: all that is needed to go on, in one file beside the folder that is being made.

The file is written beside its place and renamed, so it is whole or absent. It says what training it belongs to, and no
other takes it up. Torch is imported where the file is read or written: it takes seconds, and some runs train nothing.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np


class NotTheSame(Exception):
    """The file belongs to a training of other data, settings or versions. The text says what to do."""


@dataclass(slots=True)
class Halfway:
    """`seconds`: the least time between two writings within an epoch. Each takes some 50 ms for a million weights."""

    file: Path
    seconds: float = 30.0
    _last: float = field(default_factory=time.monotonic)

    @property
    def work(self) -> Path:
        """A folder in the file's place, for a trainer that has its own files."""
        return self.file.with_name(f"{self.file.name}.files")

    def due(self) -> bool:
        """Whether it is time to write again."""
        return time.monotonic() - self._last >= self.seconds

    def save(self, identity: str, state: dict[str, Any]) -> None:
        import torch

        draft = self.file.with_name(f"{self.file.name}.{os.getpid()}.draft")
        draft.parent.mkdir(parents=True, exist_ok=True)
        with draft.open("wb") as out:
            torch.save({"identity": identity, **state}, out)
            out.flush()
            os.fsync(out.fileno())
        draft.replace(self.file)
        self.saved()

    def saved(self) -> None:
        """It was written just now."""
        self._last = time.monotonic()

    def load(self, identity: str) -> dict[str, Any] | None:
        """What was saved last, None if nothing was. Raises NotTheSame."""
        if not self.file.exists():
            return None
        import torch

        try:
            state: dict[str, Any] = torch.load(self.file, weights_only=True)
        except Exception as error:  # torch says a damaged file in many ways
            raise NotTheSame(f"{self.file} is damaged ({error}): delete it and train without --resume") from error
        if state.get("identity") != identity:
            raise NotTheSame(
                f"{self.file} is half of another training (other proofs, settings, seed or versions): "
                "give the same ones, or delete it and train without --resume"
            )
        return state

    def clear(self) -> None:
        """Removes the file, and what a kill left of its writing."""
        self.file.unlink(missing_ok=True)
        shutil.rmtree(self.work, ignore_errors=True)
        for draft in self.file.parent.glob(f"{self.file.name}.*.draft"):
            draft.unlink(missing_ok=True)


@dataclass(slots=True)
class Place:
    """Where training is: epochs done, the losses of the batches done since, and the state of the generator of batch
    orders at the start of the epoch."""

    epoch: int = 0
    losses: list[float] = field(default_factory=list)
    order: Mapping[str, Any] = field(default_factory=dict)


def plain(value: Any) -> Any:
    """A generator's state without arrays, which torch does not read back from a file that it does not trust."""
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    return value.tolist() if isinstance(value, np.ndarray) else value
