"""Progress without a terminal: a line now and then, also of a step that says nothing for long."""

from __future__ import annotations

import time

import pytest

from prover.cli.output import Ticker


def heard(capsys: pytest.CaptureFixture[str], end: str) -> list[str]:
    """What standard error says until it has said a line that ends so."""
    said = ""
    deadline = time.monotonic() + 20
    while not said.endswith(f"{end}\n") and time.monotonic() < deadline:
        time.sleep(0.01)
        said += capsys.readouterr().err
    return said.splitlines()


def test_one_long_step_is_said_once_and_a_long_line_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with Ticker("run", every=0.05) as tick:
        tick("preparing [it] " + "x" * 200)
        assert heard(capsys, "x") == ["run: preparing [it] " + "x" * 200]
        time.sleep(0.2)
        assert capsys.readouterr().err == "", "nothing new"
        tick("reading", 1, 4)
        assert heard(capsys, "reading") == ["run 25 %: reading"]
    tick("after the end")
    time.sleep(0.2)
    assert capsys.readouterr().err == ""


def test_many_steps_are_not_all_said(capsys: pytest.CaptureFixture[str]) -> None:
    with Ticker("run", every=0.1) as tick:
        for number in range(1000):
            tick(f"step {number}", number, 1000)
        said = heard(capsys, "step 999")
    assert said[-1] == "run 100 %: step 999" and len(said) < 100
