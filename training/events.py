"""How the loop tells what it does, and how it ends when it is asked to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


class Interrupted(Exception):
    """The loop was asked to stop. What was accepted is stored and the same command goes on from there."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something worth telling."""

    #: The part of the loop.
    phase: str
    #: A line for people.
    note: str
    #: How far the phase is, of `total`, where that is known.
    done: float | None = None
    total: float | None = None
    #: What stays to be read when other events follow.
    lasting: bool = False


Report = Callable[[Event], None]


def say_nothing(_event: Event) -> None:
    """The default report."""
