"""A finished search as the record that the corpus keeps of it."""

from __future__ import annotations

from corpus.records import SearchTree, TreeState, TreeStep
from prover.search.contract import SearchResult


def tree_of(result: SearchResult, source: str) -> SearchTree:
    """Everything that the search tried, in the order in which it did. `source`: what its proofs are credited to."""
    graph = result.graph.graph
    edges = sorted(graph.edges(data=True), key=lambda edge: edge[2]["order"])
    steps = [
        TreeStep(
            order=data["order"],
            source=int(origin),
            target=target if isinstance(target, int) else None,
            tactic=data["tactic"],
            template=data["template"],
            log_prob=data["log_prob"],
            outcome=str(data["outcome"]),
            pruned=str(data["pruned"] or ""),
            new=data["first"],
            milliseconds=data["milliseconds"],
            heartbeats=data["heartbeats"],
        )
        for origin, target, data in edges
    ]
    return SearchTree(
        source=source,
        ended=str(result.ended),
        states=tuple(
            TreeState(graph.nodes[number]["text"], graph.nodes[number]["goals"], graph.nodes[number]["depth"])
            for number in range(result.graph.states)
        ),
        steps=tuple(steps),
        solved=result.solved,
    )
