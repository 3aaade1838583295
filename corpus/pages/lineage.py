"""Lineage as a graph: round, snapshot, model, round, and so on, one run under the other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from corpus.curves import Rate, rates_of
from corpus.descent import Turn, turns
from corpus.pages.asked import Asked
from corpus.pages.shell import page
from corpus.records import GenerationRecord, RoundRecord
from corpus.snapshot import Snapshot

router = APIRouter()

#: The drawing's units: a box, and the gaps between columns and rows.
BOX_WIDTH, BOX_HEIGHT = 150, 46
GAP_X, GAP_Y = 28, 34
#: How far beside and above the boxes the lines run, and the radius of their corners.
ASIDE, CORNER = 14, 7


@dataclass(frozen=True, slots=True)
class Box:
    """One thing of the graph; `href` is '' where there is no page of it."""

    x: float
    y: float
    title: str
    note: str
    kind: str
    href: str


@dataclass(frozen=True, slots=True)
class Arrow:
    """An SVG path from one box to another."""

    path: str


@dataclass(frozen=True, slots=True)
class Picture:
    """The graph of one run."""

    run: str
    width: float
    height: float
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]


@router.get("/lineage")
def lineage(corpus: Asked, run: str | None = None) -> HTMLResponse:
    """`run`: only this one's; else those of the ten runs started last."""
    names = [run] if run is not None else [record.name for record in corpus.runs()[::-1][:10]]
    wheels = {name: turns(corpus, name) for name in names}
    rates = rates_of(corpus, [one.id for wheel in wheels.values() for turn in wheel for one in turn.rounds])
    pictures = [_picture(name, wheel, rates) for name, wheel in wheels.items()]
    return page("lineage.html", "lineage", pictures=pictures, width=BOX_WIDTH, height=BOX_HEIGHT)


def _picture(run: str, wheel: list[Turn], rates: dict[int, Rate]) -> Picture:
    """Rows from top to bottom: the rounds without a model, then for each model its snapshot, itself and its rounds."""
    boxes: list[Box] = []
    arrows: list[Arrow] = []
    above: list[Box] = []
    row = 0
    for turn in wheel:
        here = list(_searched(turn.rounds, rates, row))
        if turn.model is not None:
            snapshot, box = _snapshot(turn.snapshot, row), _model(turn.model, row)
            boxes += [snapshot, box]
            arrows += [_down(one, snapshot) for one in above]
            arrows.append(_across(snapshot, box))
            arrows += [_across(box, one) for one in here]
        boxes += here
        above = here or above
        row += max(1 if turn.model is not None else 0, len(here))
    width, height = _x(2) + BOX_WIDTH + ASIDE + 2, _y(max(row, 1) - 1) + BOX_HEIGHT + 2
    return Picture(run, width, height, tuple(boxes), tuple(arrows))


def _searched(records: list[RoundRecord], rates: dict[int, Rate], row: int) -> Iterator[Box]:
    for place, record in enumerate(records):
        rate = rates[record.id]
        yield Box(_x(2), _y(row + place), f"round: {record.arm}", f"{rate.solved} of {rate.tried} proved", "round", "")


def _snapshot(snapshot: Snapshot | None, row: int) -> Box:
    if snapshot is None:
        return Box(_x(0), _y(row), "no snapshot", "", "snapshot", "")
    note = f"{snapshot.proofs} proofs"
    return Box(_x(0), _y(row), f"snapshot {snapshot.hash[:8]}", note, "snapshot", f"/snapshots/{snapshot.hash}")


def _model(model: GenerationRecord, row: int) -> Box:
    note = f"trained {model.finished_at:%Y-%m-%d}" if model.finished_at else "not finished"
    return Box(_x(1), _y(row), f"M_{model.number}", note, "model", f"/generations/{model.id}")


def _x(column: int) -> float:
    return 1 + column * (BOX_WIDTH + GAP_X)


def _y(row: int) -> float:
    return 1 + row * (BOX_HEIGHT + GAP_Y)


def _across(a: Box, b: Box) -> Arrow:
    start, end = (a.x + BOX_WIDTH, a.y + BOX_HEIGHT / 2), (b.x - 3, b.y + BOX_HEIGHT / 2)
    middle = (start[0] + end[0]) / 2
    return Arrow(f"M{start[0]},{start[1]} C{middle},{start[1]} {middle},{end[1]} {end[0]},{end[1]}")


def _down(a: Box, b: Box) -> Arrow:
    """From a round's right edge round the boxes to the upper edge of the next snapshot."""
    start, right, above, end = a.y + BOX_HEIGHT / 2, a.x + BOX_WIDTH + ASIDE, b.y - GAP_Y / 2, b.x + BOX_WIDTH / 2
    return Arrow(
        f"M{a.x + BOX_WIDTH},{start} H{right - CORNER} Q{right},{start} {right},{start + CORNER} V{above - CORNER} "
        f"Q{right},{above} {right - CORNER},{above} H{end + CORNER} Q{end},{above} {end},{above + CORNER} V{b.y - 3}"
    )
