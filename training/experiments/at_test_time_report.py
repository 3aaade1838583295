"""Learning at test time beside search alone, for people and for scripts."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from corpus.records import AttemptStatus
from prover.evaluation.report import NOT_RESOLVED
from training.experiments.at_test_time import ALONE, WITH, Compared


def render(found: Compared) -> RenderableType:
    """Both sides, who proves what alone, and each statement that either proves."""
    done = len(found.pairs)
    title = f"{found.run}: {done} of {found.wanted} statements that its newest model left open"
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("", "proved", "of", "alone", "steps", "processor s a statement"):
        table.add_column(heading, justify="left" if not heading else "right")
    for side, alone in ((WITH, found.wins), (ALONE, found.losses)):
        steps = sum((one.with_variants if side == WITH else one.alone).steps for one in found.pairs)
        table.add_row(side, str(found.proved(side)), str(done), str(alone), f"{steps:,}", f"{found.seconds(side):.1f}")
    low, high = found.interval
    difference = (found.wins - found.losses) / max(1, done)
    resolved = found.p < 0.05 and not low <= 0 <= high
    words = [
        f"With variants less search alone: {difference:+.1%} [{low:+.1%}, {high:+.1%}], won : lost {found.wins} : "
        f"{found.losses}, McNemar's exact p = {found.p:.2g}{'' if resolved else f'; {NOT_RESOLVED}'}.",
        "Seconds are of everything: search, training, gate, Lean. Interval: bootstrap over statements; one seed.",
    ]
    for side, proved in ((WITH, "with_variants"), (ALONE, "alone")):
        names = [one.theorem for one in found.pairs if getattr(one, proved).status is AttemptStatus.PROVED]
        words += [f"{side}: {', '.join(names)}"] if names else []
    return Group(table, *map(Text, words))


def as_json(found: Compared) -> dict[str, Any]:
    """The figures, and both outcomes of each statement."""
    return {
        "run": found.run,
        "wanted": found.wanted,
        "done": len(found.pairs),
        "proved": {side: found.proved(side) for side in (WITH, ALONE)},
        "seconds": {side: found.seconds(side) for side in (WITH, ALONE)},
        "won": found.wins,
        "lost": found.losses,
        "p": found.p,
        "interval": list(found.interval),
        "statements": [asdict(one) for one in found.pairs],
    }
