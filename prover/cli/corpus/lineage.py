"""`flywheel corpus lineage`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text
from rich.tree import Tree

from prover.cli.context import DEFAULT_HOME, DatabaseOption, HomeOption, JsonOption, Place
from prover.cli.output import console, emit_json
from prover.cli.tables import WIDTH, WideOption

if TYPE_CHECKING:
    from corpus.lineage_tree import Node


def lineage(
    target: Annotated[
        str, typer.Argument(help="A proof's id, a generation (RUN/M_2), or the beginning of a snapshot's hash.")
    ],
    wide: WideOption = False,
    home: HomeOption = DEFAULT_HOME,
    db: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """Where it came from, down to the seeds, and what came of it: attempts, models, and the snapshots that they were
    trained on.

    Examples: flywheel corpus lineage 17
              flywheel corpus lineage first/M_2
    """
    from corpus.lineage_tree import lineage as walk

    with Place.of(home, db).corpus() as corpus:
        found = walk(corpus, target)
    if json:
        emit_json(found)
        return
    tree = Tree(Text(found.text, style="bold"))
    for title, nodes in (("came from", found.origin), ("led to", found.later)):
        branch = tree.add(title)
        if not nodes:
            branch.add("nothing")
        _hang(branch, nodes)
    console.print(tree, width=10_000 if wide else WIDTH, soft_wrap=wide)


def _hang(tree: Tree, nodes: tuple[Node, ...]) -> None:
    for node in nodes:
        _hang(tree.add(Text(node.text)), node.children)
