"""Curves as SVG: places of points, lines and labels, for the template that draws them (templates/chart.html).

Drawn on the server, so that a chart is there at once, follows the colour scheme by its classes, and prints.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from corpus.curves import Curve, Growth, Rate

#: The drawing's own units, about a pixel each at the width of a column.
WIDTH, HEIGHT = 440, 250
LEFT, RIGHT, TOP, BOTTOM = 60, 14, 12, 30


@dataclass(frozen=True, slots=True)
class Dot:
    """A point: where it is, what it says, and where a click leads ('' for nowhere)."""

    x: float
    y: float
    title: str
    href: str


@dataclass(frozen=True, slots=True)
class Line:
    """One series. style: the class that it is drawn with; band: the outline of its interval, '' for none; note: its
    last value, for the legend."""

    name: str
    style: str
    points: str
    band: str
    dots: tuple[Dot, ...]
    note: str


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark on an axis."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Chart:
    """`label`: the whole in words, for those who do not see it. `axis`: what the x axis counts."""

    label: str
    axis: str
    lines: tuple[Line, ...]
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    top: int = TOP
    bottom: int = HEIGHT - BOTTOM


@dataclass(frozen=True, slots=True)
class _Scale:
    last: float
    most: float
    first: float = 0.0

    def x(self, value: float) -> float:
        span = self.last - self.first
        share = (value - self.first) / span if span > 0 else 0.5
        return round(LEFT + 8 + share * (WIDTH - LEFT - RIGHT - 16), 1)

    def y(self, value: float) -> float:
        return round(HEIGHT - BOTTOM - value / self.most * (HEIGHT - TOP - BOTTOM), 1)


def percent(rate: Rate) -> str:
    """`35.0 % (14 of 40; 22-51)`: the share with its counts and its 95 % interval."""
    return f"{100 * rate.share:.1f} % ({rate.solved} of {rate.tried}; {100 * rate.low:.0f}–{100 * rate.high:.0f})"


def solve_chart(curves: Sequence[Curve]) -> Chart:
    """The curves of one stratum over each other: one run's, or those of two. Baselines are those of the first."""
    first = curves[0]
    rates = [rate for curve in curves for rate in (*(p.rate for p in curve.points), *(r for _, r in curve.baselines))]
    last = max((point.number for curve in curves for point in curve.points), default=0)
    scale = _Scale(last, _top(max((rate.high for rate in rates), default=1.0)))
    lines = [_learned(curve, scale, f"series-{place}", len(curves) > 1) for place, curve in enumerate(curves)]
    if first.frozen is not None and len(first.points) > 1:
        lines.append(_level("M_0, frozen", "level frozen", first.frozen, scale))
    lines += [_level(name, f"level level-{place}", rate, scale) for place, (name, rate) in enumerate(first.baselines)]
    spoken = "; ".join(f"{line.name}: {line.note}" for line in lines)
    return Chart(
        label=f"Share of {first.theorems} {first.split} theorems solved by each generation. {spoken}",
        axis="generation",
        lines=tuple(lines),
        x_ticks=tuple(Tick(scale.x(n), f"M_{n}") for n in _whole(last)),
        y_ticks=_percent_ticks(scale),
    )


def growth_chart(points: Sequence[Growth]) -> Chart | None:
    """Stored proofs over time; None without any."""
    if not points:
        return None
    seconds = [(point.at - points[0].at).total_seconds() for point in points]
    most = points[-1].proofs
    scale = _Scale(max(seconds[-1], 1.0), float(_nice(most)))
    path = [(scale.x(s), scale.y(point.proofs)) for s, point in zip(seconds, points, strict=True)]
    floor = scale.y(0)
    area = [(path[0][0], floor), *path, (path[-1][0], floor)]
    line = Line("proofs", "series-0", _path(path), _path(area), (), f"{most}")
    unit, size = _unit(seconds[-1])
    ticks = [Tick(scale.x(share * seconds[-1]), f"{share * seconds[-1] / size:.3g}") for share in (0, 0.5, 1)]
    return Chart(
        label=f"{most} proofs stored over {seconds[-1] / size:.3g} {unit}",
        axis=f"{unit} since the first proof",
        lines=(line,),
        x_ticks=tuple(ticks),
        y_ticks=tuple(Tick(scale.y(scale.most * i / 4), f"{scale.most * i / 4:,.0f}") for i in range(5)),
    )


def _learned(curve: Curve, scale: _Scale, style: str, several: bool) -> Line:
    path = [(scale.x(p.number), scale.y(p.rate.share)) for p in curve.points]
    high = [(scale.x(p.number), scale.y(p.rate.high)) for p in curve.points]
    low = [(scale.x(p.number), scale.y(p.rate.low)) for p in curve.points]
    dots = tuple(
        Dot(x, y, f"M_{p.number}: {percent(p.rate)}", f"/generations/{p.generation_id}")
        for (x, y), p in zip(path, curve.points, strict=True)
    )
    note = percent(curve.points[-1].rate) if curve.points else "not evaluated yet"
    name = f"M_{curve.points[-1].number}" if curve.points else "models"
    return Line(f"{curve.run}, {name}" if several else name, style, _path(path), _path([*high, *low[::-1]]), dots, note)


def _level(name: str, style: str, rate: Rate, scale: _Scale) -> Line:
    y = scale.y(rate.share)
    return Line(name, style, f"{LEFT},{y} {WIDTH - RIGHT},{y}", "", (), percent(rate))


def _path(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x},{y}" for x, y in points)


def _top(share: float) -> float:
    """The end of a percent axis: the next of 10, 20, 25, 50, 75 or 100 %."""
    return next(top for top in (0.1, 0.2, 0.25, 0.5, 0.75, 1.0) if share <= top)


def _percent_ticks(scale: _Scale) -> tuple[Tick, ...]:
    parts = 5 if scale.most in (0.1, 0.2, 0.25, 0.5, 1.0) else 3
    return tuple(
        Tick(scale.y(scale.most * i / parts), f"{100 * scale.most * i / parts:.0f} %") for i in range(parts + 1)
    )


def _whole(last: int) -> Sequence[int]:
    """At most nine generations to name on the axis."""
    return range(0, last + 1, max(1, math.ceil(last / 8)))


def _nice(count: int) -> int:
    """The next of 4, 8, 20, 40, 80, 200, ... : divisible by four."""
    size = 1
    while True:
        for factor in (4, 8, 20):
            if count <= factor * size:
                return factor * size
        size *= 10


def _unit(seconds: float) -> tuple[str, float]:
    for unit, size in (("days", 86_400.0), ("hours", 3600.0), ("minutes", 60.0)):
        if seconds >= 2 * size:
            return unit, size
    return "seconds", 1.0
