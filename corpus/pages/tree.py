"""A search tree as a page draws it: states nested by the step that made them, without recursion in the template."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from corpus.records import SearchTree, TreeState, TreeStep

#: Graphs of more states are hard to read and slow to lay out.
GRAPH_STATES = 400


@dataclass(frozen=True, slots=True)
class Branch:
    """A state in the tree. made_by: the step that led to it, None for the theorem. dead: its steps that led to nothing
    that was searched from, in order; below: tactics run at it and beneath it; share: that of all tactics of the search.
    """

    number: int
    state: TreeState
    made_by: TreeStep | None
    dead: tuple[TreeStep, ...]
    below: int
    share: float
    solved: bool
    open: bool

    @property
    def target(self) -> str:
        """What the first goal says, in one line."""
        return " ".join(self.state.text.partition("⊢")[2].partition("\n\n")[0].split()) or self.state.text


@dataclass(frozen=True, slots=True)
class Item:
    """One event of a walk through the tree: a branch opens, or the innermost open one closes."""

    kind: Literal["open", "close"]
    branch: Branch


@dataclass(slots=True)
class _Counts:
    steps: defaultdict[int, list[TreeStep]] = field(default_factory=lambda: defaultdict(list))
    below: defaultdict[int, int] = field(default_factory=lambda: defaultdict(int))


def walk(tree: SearchTree, most: int) -> Iterator[Item]:
    """The tree from its root with its first `most` states, children in the order in which they were found. Open at
    first: the solved path; without one, the first two levels."""
    counts = _counted(tree)
    solved = {tree.steps[index].source for index in tree.solved}
    pending: list[Item | tuple[int, TreeStep | None]] = [(0, None)]
    while pending:
        what = pending.pop()
        if isinstance(what, Item):
            yield what
            continue
        number, made_by = what
        state = tree.states[number]
        branch = Branch(
            number=number,
            state=state,
            made_by=made_by,
            dead=tuple(step for step in counts.steps[number] if not step.new),
            below=counts.below[number],
            share=counts.below[number] / max(1, len(tree.steps)),
            solved=number in solved,
            open=number in solved or (not solved and state.depth < 2),
        )
        yield Item("open", branch)
        pending.append(Item("close", branch))
        for step in reversed(counts.steps[number]):
            if step.new and step.target is not None and step.target < most:
                pending.append((step.target, step))


def graph(tree: SearchTree) -> dict[str, Any]:
    """Nodes and edges for the drawing in the browser: the states, and the steps between them."""
    counts = _counted(tree)
    states = range(min(len(tree.states), GRAPH_STATES))
    path = set(tree.solved)
    solved = {tree.steps[index].source for index in tree.solved}
    nodes = [
        {
            "id": str(number),
            "label": f"{number}",
            "state": tree.states[number].text,
            "below": counts.below[number],
            "solved": number in solved,
        }
        for number in states
    ]
    edges = [
        {
            "source": str(step.source),
            "target": str(step.target) if step.target is not None else "proved",
            "label": step.tactic,
            "solved": step.order in path,
            "merged": bool(step.pruned),
        }
        for step in tree.steps
        if step.source < GRAPH_STATES and ((step.target or 0) < GRAPH_STATES and step.target is not None)
    ]
    if path:
        last = tree.steps[tree.solved[-1]]
        nodes.append({"id": "proved", "label": "∎", "state": "no goals", "below": 0, "solved": True})
        edges.append(
            {
                "source": str(last.source),
                "target": "proved",
                "label": last.tactic,
                "solved": True,
                "merged": False,
            }
        )
    return {"nodes": nodes, "edges": edges, "left_out": max(0, len(tree.states) - GRAPH_STATES)}


def _counted(tree: SearchTree) -> _Counts:
    counts = _Counts()
    parent: dict[int, int] = {}
    for step in tree.steps:
        counts.steps[step.source].append(step)
        counts.below[step.source] += 1
        if step.new and step.target is not None:
            parent[step.target] = step.source
    for number in range(len(tree.states) - 1, 0, -1):  # a state is made after its parent, so children come first
        if number in parent:
            counts.below[parent[number]] += counts.below[number]
    return counts
