"""Runs beside each other: what ends one is told, and the experiment goes on."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Sequence
from pathlib import Path

import psutil

from training.config import FlywheelConfig
from training.events import Event
from training.experiments.side_runs import Order, SideRuns


def orders(tmp_path: Path, *names: str) -> list[Order]:
    """Runs in a corpus that is not there."""
    config = FlywheelConfig.load(None, benchmark="lean-logic", workers=1)
    return [
        Order(config.model_copy(update={"name": name}), True, str(tmp_path / "none.db"), tmp_path / name)
        for name in names
    ]


def children() -> list[int]:
    return [child.pid for child in psutil.Process().children() if child.status() != psutil.STATUS_ZOMBIE]


def test_what_ended_a_run_is_said_and_the_others_have_their_turn(tmp_path: Path) -> None:
    heard: list[Event] = []
    before = children()
    with SideRuns(orders(tmp_path, "a", "b", "c"), 2, heard.append) as sooner:
        for name in ("a", "b", "c"):
            sooner.wait(name)
        assert children() == before
        sooner.wait("nobody")
    said = {event.phase: event.note for event in heard}
    assert said.keys() == {"a", "b", "c"} and all(event.lasting for event in heard)
    assert "a ended before its time (CorpusMissing: There is no corpus at" in said["a"]


def test_a_killed_run_is_said_and_none_is_left_behind(tmp_path: Path) -> None:
    heard: list[Event] = []
    before = children()
    with SideRuns(orders(tmp_path, "a", "b", "c"), 2, heard.append) as sooner:
        sooner.wait("nobody")
        first, second = (pid for pid in children() if pid not in before)
        for pid in (first, second):
            os.kill(pid, signal.SIGSTOP)  # before it can say a word
        os.kill(first, signal.SIGKILL)
        sooner.wait("a")
        assert heard == [
            Event("a", "a ended before its time (killed by SIGKILL); the rest of it is done here", lasting=True)
        ]
    deadline = time.monotonic() + 10
    while children() != before and time.monotonic() < deadline:
        time.sleep(0.05)
    assert children() == before


def test_a_run_that_is_held_lets_others_pass_and_comes_when_it_is_not(tmp_path: Path) -> None:
    asked: list[tuple[str, tuple[str, ...]]] = []

    def held(order: Order, running: Sequence[str]) -> bool:
        asked.append((order.name, tuple(running)))
        return order.name == "b" and "a" in running

    heard: list[Event] = []
    with SideRuns(orders(tmp_path, "a", "b", "c"), 2, heard.append, held) as sooner:
        sooner.wait("b")
        assert {event.phase for event in heard} >= {"a", "b"}, "waited for, though it had not started"
        sooner.wait("c")
    assert asked[:2] == [("b", ("a",)), ("c", ("a",))], "the first is asked of nobody, and the second is passed over"
    assert {event.phase for event in heard} == {"a", "b", "c"}
