"""Lean at hand: the pools, the gate and the verifier that rounds, seeds and `flywheel prove` work with.

Four kinds of worker, apart from each other on purpose: those that search, one that replays found proofs, one that
decides and never sees text, and (only where statements come as text) one that elaborates statements and never proofs.
Beside them the second kernel, in a process of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, replace
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self

from lean_env.embedded.installation import Installation, find
from lean_env.embedded.pool import PoolCounters, WorkerPool, total
from lean_env.gate.gate import Gate, HeaderRefused
from lean_env.gate.second_kernel.client import NoSecondKernel, SecondKernel
from lean_env.gate.statement import CleanStatement
from lean_env.library.index import Library
from lean_env.limits import Limits
from lean_env.session.elaborate import Message, elaborate
from lean_env.session.stating import StatementRefused, state_text
from lean_env.theorem import Environment, Theorem

# What brings LeanDojo (1 s) or numpy is imported where it is used: workers can start meanwhile.
if TYPE_CHECKING:
    from lean_env.session.leandojo import TacticState
    from lean_env.session.outcomes import OpenSession, ProofSession
    from prover.actions.repertoire import Repertoire
    from prover.actions.space import ActionSpace
    from prover.rounds.attempt import Tools
    from prover.rounds.cluster import Cluster
    from prover.rounds.team import Team

#: The deciding kernel gets ten times a tactic's clock: refusing to wait for a proof that was found would lose it.
_DECIDING = Limits(soft_ms=60_000)


#: How search talks to its workers: directly, or through the unmodified `lean_dojo.Dojo`. Both only make claims.
Backend = Literal["embedded", "dojo"]


class Lean:
    """`with Lean(workers=2) as lean: ...`. Workers start when first leased; none is left afterwards.

    `spares`: searching workers that stand ready beside `workers`. `say` is told of work that the user waits for.
    `cluster`: where rounds and evaluations search, if not here. Raises NotInstalled when `flywheel setup` has not run.
    """

    def __init__(
        self,
        workers: int = 2,
        limits: Limits | None = None,
        installation: Installation | None = None,
        backend: Backend = "embedded",
        spares: int = 1,
        say: Callable[[str], None] = lambda _text: None,
        cluster: Cluster | None = None,
    ) -> None:
        self.backend = backend
        self.workers, self.spares, self.say, self.cluster = workers, spares, say, cluster
        self.limits = limits or Limits()
        self.installation = installation or find()
        self._open = ExitStack()
        self._second: Future[SecondKernel | NoSecondKernel] | None = None
        self._stated: dict[str, CleanStatement] = {}
        self._texts: dict[str, tuple[Environment, str]] = {}
        self._headers: set[Environment] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def start(self) -> None:
        """Starts in the background what one proof needs: a worker of each kind, and the second kernel. What is asked of
        them first waits for no more than its own worker."""
        _ = self.staters, self.searchers, self.replayers, self.deciders  # a pool starts its workers when it is made
        self.library  # noqa: B018  # opened before the second kernel, so that it is closed after it
        starter = self._open.enter_context(ThreadPoolExecutor(1, "second-kernel"))
        self._second = starter.submit(self._start_second)

    @cached_property
    def library(self) -> Library:
        return self._open.enter_context(Library.open(self.installation))

    @cached_property
    def searchers(self) -> WorkerPool:
        return self._open.enter_context(WorkerPool(self.installation, self.workers, self.limits, spares=self.spares))

    @cached_property
    def replayers(self) -> WorkerPool:
        """One worker that replays; its wall-clock net is wider, so that a busy machine loses no proof."""
        limits = replace(self.limits, soft_ms=4 * self.limits.soft_ms)
        return self._open.enter_context(WorkerPool(self.installation, 1, limits, spares=0))

    @cached_property
    def deciders(self) -> WorkerPool:
        return self._open.enter_context(WorkerPool(self.installation, 1, _DECIDING, "decide", spares=0))

    @cached_property
    def staters(self) -> WorkerPool:
        """Elaborate statements; no proof text ever reaches them."""
        return self._open.enter_context(WorkerPool(self.installation, self.workers, self.limits, spares=0))

    @cached_property
    def witnesses(self) -> WorkerPool:
        """One worker that elaborates headers, and statements under them, once more: two must agree."""
        return self._open.enter_context(WorkerPool(self.installation, 1, self.limits, spares=0))

    @cached_property
    def gate(self) -> Gate:
        return Gate(self.library, self.deciders, self.second)

    @cached_property
    def second(self) -> SecondKernel | NoSecondKernel:
        """The newer kernel that is asked again, or what says that it cannot run here."""
        return self._start_second() if self._second is None else self._second.result()

    def _start_second(self) -> SecondKernel | NoSecondKernel:
        kernel = SecondKernel.open(self.installation, self.library)
        return self._open.enter_context(kernel) if isinstance(kernel, SecondKernel) else kernel

    @cached_property
    def crew(self) -> Team[Any]:
        """`workers` search processes for rounds and evaluations, or those of the cluster, each with one worker."""
        if self.cluster is not None:
            from prover.rounds.ray_crew import RayCrew

            return self._open.enter_context(RayCrew(SearchKit(None, self.limits, self.backend), self.cluster))
        from prover.rounds.crew import Crew

        return self._open.enter_context(Crew(SearchKit(self.installation, self.limits, self.backend), self.workers))

    @cached_property
    def tools(self) -> Tools:
        from prover.rounds.attempt import Tools
        from prover.rounds.verify import Verifier

        return Tools(self._opener, Verifier(self.replayers, self.gate, self.statement_of))

    @cached_property
    def actions(self) -> ActionSpace:
        """What can be tried in a state: retrieval over the library's printed theorems, restricted by environment."""
        from prover.actions.retrieval import Retriever
        from prover.actions.space import ActionSpace

        return ActionSpace(Retriever.of(self.library, say=self.say))

    def space(self, repertoire: Repertoire) -> ActionSpace:
        """What can be tried in a state with this repertoire."""
        from prover.actions.space import ActionSpace

        return self.actions if repertoire.retrieves else ActionSpace(None, repertoire)

    def open_session(self, theorem: Theorem) -> AbstractContextManager[tuple[ProofSession, TacticState]]:
        return self._opener(theorem)

    @cached_property
    def _opener(self) -> OpenSession:
        from lean_env.session.dojo import Dojo
        from lean_env.session.surviving import SurvivingSession

        backend: OpenSession = lambda theorem: Dojo(theorem, self.searchers)  # noqa: E731
        if self.backend == "dojo":
            from lean_env.shim.backend import LeanDojoBackend

            backend = self._open.enter_context(LeanDojoBackend(self.searchers)).open_session
        return lambda theorem: SurvivingSession(theorem, backend)

    def stated(self, theorem: Theorem) -> CleanStatement:
        """A typed theorem's statement as a clean worker elaborates it; from then on its proofs can be verified.

        Elaborated once a name; its header goes through the gate's kernels once. Raises StatementRefused (a header that
        is refused makes no statement), GateError, and ValueError when the name stands for another statement.
        """
        known = self._texts.setdefault(theorem.name, (theorem.environment, theorem.statement))
        if known != (theorem.environment, theorem.statement):
            raise ValueError(f"{theorem.name} was stated before, differently")
        if theorem.name not in self._stated:
            self._stated[theorem.name] = self._state(theorem)
        return self._stated[theorem.name]

    def _state(self, theorem: Theorem) -> CleanStatement:
        environment = theorem.environment
        if environment.header is None:
            return state_text(self.staters, theorem)
        return self.state_under_header(theorem)

    def header_declarations(self, environment: Environment) -> str:
        """What a header declares, as two clean workers export it and the gate takes it; '' without a header.

        Raises StatementRefused, GateError."""
        if environment.header is None:
            return ""
        return self.state_under_header(Theorem("its_header", ": True", environment)).header_ndjson

    def state_under_header(self, theorem: Theorem) -> CleanStatement:
        """Elaborates a statement with its header, whose declarations the gate takes. Raises StatementRefused,
        GateError."""
        environment = theorem.environment
        stated = state_text(self.staters, theorem, self.witnesses)
        if environment not in self._headers:
            try:
                self.gate.check_header(environment, stated.header_ndjson)
            except HeaderRefused as refused:
                raise StatementRefused(f"its header is refused, {refused}") from refused
            self._headers.add(environment)
        return stated

    def statement_of(self, theorem: Theorem) -> CleanStatement | None:
        """`stated` for a typed theorem, None for one of the library."""
        return self.stated(theorem) if theorem.module is None else None

    def check_text(self, environment: Environment, text: str) -> list[str]:
        """Elaborates what follows a file's imports as Lean would; returns its errors and warnings, [] if there are
        none."""
        messages = self.messages(environment, text)
        return [f"{message.severity}: {message.data}" for message in messages if message.severity != "information"]

    def messages(self, environment: Environment, text: str) -> list[Message]:
        """What Lean says about a text without imports. Raises LeanRefused, WorkerDied."""
        with self.replayers.lease(environment) as worker:
            return elaborate(worker, environment, text, self.limits)

    def counters(self) -> dict[str, PoolCounters]:
        """Counters of the pools that were used, by their work; `searchers` has the crew's, too."""
        used: dict[str, PoolCounters] = {
            name: self.__dict__[name].counters
            for name in ("searchers", "replayers", "deciders", "staters", "witnesses")
            if name in self.__dict__
        }
        if "crew" in self.__dict__:
            for name, counters in self.crew.counters.items():
                used[name] = total([used.get(name, PoolCounters()), counters])
        return used

    @property
    def crew_seconds(self) -> float:
        """Processor seconds of the crew's processes, their workers left out."""
        return self.crew.cpu_seconds if "crew" in self.__dict__ else 0.0


@dataclass(frozen=True, slots=True)
class SearchKit:
    """How a search process gets its Lean (`prover.rounds.searcher.Kit`). No spare worker: with one a core, spares would
    double the memory, and a successor is there within half a second. `installation` None: that of the machine where it
    arrives."""

    installation: Installation | None
    limits: Limits
    backend: Backend

    def open(self) -> Lean:
        lean = Lean(1, self.limits, self.installation, self.backend, spares=0)
        _ = lean.searchers  # starts while the search process imports the rest
        return lean
