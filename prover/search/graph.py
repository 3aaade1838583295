"""The search graph: every tactic that was tried is an edge, every distinct tactic state a node.

States are distinct when their keys are (equivalence.py): names of proofs and the order of hypotheses do not count.

The graph is the search's only record; the proof, the statistics of each tactic form and the prune counters are read
off it. Integer nodes are states (0 the theorem itself, 1 the state after the free `intros`, if that changed anything).
A tactic that led to no new state points at a *sink*, a node named by the outcome (`proved`, `failed`, ...) or by the
reason for which the state was pruned.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import networkx as nx

from lean_env.session.outcomes import Outcome, StepResult
from prover.policy import Proposal

if TYPE_CHECKING:
    Graph = nx.MultiDiGraph[int | str]
else:
    Graph = nx.MultiDiGraph


class Pruned(StrEnum):
    """Why a state that Lean accepted was not searched from. NO_PROGRESS: the goals are the same as before.
    MERGED: these goals were reached before, by other tactics. CIRCULAR: one of the goals is the one that it
    was to help with, with nothing more known."""

    NO_PROGRESS = "no_progress"
    MERGED = "merged"
    CIRCULAR = "circular"
    TOO_DEEP = "too_deep"
    TOO_LARGE = "too_large"
    TOO_MANY_GOALS = "too_many_goals"
    #: Of searches that take goals by themselves: the goal is closed, or the tactic did something to other goals.
    CLOSED = "closed"
    OTHER_GOALS = "other_goals"


@dataclass(frozen=True, slots=True)
class ProofStep:
    """One tactic of a found proof, with the name of its form (`template`, '' if it has none) and its natural log p."""

    tactic: str
    template: str = ""
    log_prob: float = 0.0


@dataclass(slots=True)
class TemplateStatistics:
    """How one tactic form fared in a search: counts, milliseconds and heartbeats (thousands) inside Lean."""

    tried: int = 0
    advanced: int = 0
    proved: int = 0
    failed: int = 0
    timed_out: int = 0
    milliseconds: float = 0.0
    heartbeats: int = 0

    def add(self, outcome: Outcome, milliseconds: float, heartbeats: int) -> None:
        self.tried += 1
        self.advanced += outcome is Outcome.ADVANCED
        self.proved += outcome is Outcome.PROVED
        self.failed += outcome in (Outcome.FAILED, Outcome.GIVEN_UP)
        self.timed_out += outcome is Outcome.TIMED_OUT
        self.milliseconds += milliseconds
        self.heartbeats += heartbeats


class SearchGraph:
    """A `networkx.MultiDiGraph` with the few ways in which search writes to it and results are read from it."""

    def __init__(self) -> None:
        self.graph: Graph = nx.MultiDiGraph()
        self._node_of_key: dict[Hashable, int] = {}
        #: networkx counts edges by visiting every node.
        self._steps = 0

    def add_state(self, key: Hashable, text: str, goals: int, depth: int) -> int:
        """A new node for a printed state whose key is not in the graph yet."""
        node = len(self._node_of_key)
        self._node_of_key[key] = node
        self.graph.add_node(node, text=text, goals=goals, depth=depth)
        return node

    def find(self, key: Hashable) -> int | None:
        """The node of a state, or None."""
        return self._node_of_key.get(key)

    def add_step(
        self, source: int, proposal: Proposal, step: StepResult, target: int | str, pruned: Pruned | None = None
    ) -> int:
        """Records that `proposal`, run on `source`, ended as `step` at `target` (a node, or the name of a sink).
        Returns which step of the search it was, from 0."""
        self.graph.add_edge(
            source,
            target,
            # The same tactic may be run twice on a state, with the same end: `intros`, which is tried for free first.
            key=self._steps,
            tactic=proposal.tactic,
            log_prob=proposal.log_prob,
            template=proposal.template,
            outcome=step.outcome,
            milliseconds=step.milliseconds,
            heartbeats=step.heartbeats,
            wall_limit=step.wall_limit,
            pruned=pruned,
            order=self._steps,
            #: The edge by which its target first came into the graph. Proofs follow these alone: two states of one key
            #: may differ in names and in what is not printed, so a proof that hops over a merged one might not replay.
            first=isinstance(target, int) and pruned is None,
        )
        self._steps += 1
        return self._steps - 1

    @property
    def states(self) -> int:
        """How many distinct states the graph holds."""
        return len(self._node_of_key)

    def depth(self, node: int) -> int:
        """Tactics from the theorem to this state."""
        depth: int = self.graph.nodes[node]["depth"]
        return depth

    def proof(self) -> tuple[ProofStep, ...] | None:
        """The tactics from node 0 to the `proved` sink, or None."""
        path = self.solved_path()
        return tuple(ProofStep(tactic, data["template"], data["log_prob"]) for tactic, data in path) if path else None

    def solved(self) -> tuple[int, ...]:
        """Which of the search's steps these are."""
        return tuple(data["order"] for _, data in self.solved_path())

    def solved_path(self) -> list[tuple[str, dict[str, Any]]]:
        """The proof's tactics with their edges' attributes, [] without a proof."""
        path: list[tuple[str, dict[str, Any]]] = []
        target: int | str = Outcome.PROVED if Outcome.PROVED in self.graph else 0
        while target != 0:
            target, tactic, data = self._edge_into(target)
            path.append((tactic, data))
        return path[::-1]

    def _edge_into(self, target: int | str) -> tuple[int | str, str, dict[str, Any]]:
        """The edge by which `target` was reached first."""
        for source, _, data in self.graph.in_edges(target, data=True):
            if data["first"] or target == Outcome.PROVED:
                return source, data["tactic"], data
        raise LookupError(f"search graph: node {target!r} has no edge that created it")

    def tried(self) -> Iterator[dict[str, Any]]:
        """The attributes of every edge, in the order in which sources came into the graph."""
        return (data for _, _, data in self.graph.edges(data=True))

    def template_statistics(self) -> dict[str, TemplateStatistics]:
        """Counts and costs by tactic form."""
        statistics: dict[str, TemplateStatistics] = {}
        for data in self.tried():
            of_template = statistics.setdefault(data["template"], TemplateStatistics())
            of_template.add(data["outcome"], data["milliseconds"], data["heartbeats"])
        return statistics

    def prune_counters(self) -> dict[str, int]:
        """How often a state that Lean accepted was dropped, by reason."""
        return dict(Counter(str(data["pruned"]) for data in self.tried() if data["pruned"]))
