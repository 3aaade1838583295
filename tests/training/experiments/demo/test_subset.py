"""Which subset a machine gets, and that a demo keeps the one that it began with."""

from __future__ import annotations

from pathlib import Path

import pytest

from corpus.store import Corpus
from lean_env.embedded.installation import Installation
from prover.cli.main import run
from prover.cli.output import CANNOT_START
from prover.lean import Lean
from training.experiments.demo.machine import Machine, measure
from training.experiments.demo.subset import FULL, LONGEST, SMALL, Subset, begin, begun, choose

#: Where the loops of the full subset took 8.5 minutes, and, scaled, where they took 21.
USUAL = Machine(workers=2, steps_per_second=138, forward_ms=0.65)
SLOW = Machine(workers=2, steps_per_second=138 * 8.5 / 21, forward_ms=0.65 * 21 / 8.5)


@pytest.mark.parametrize(
    ("machine", "subset"),
    [
        (USUAL, FULL),
        (SLOW, SMALL),
        (Machine(1, USUAL.steps_per_second, USUAL.forward_ms), SMALL),
        (Machine(16, USUAL.steps_per_second, USUAL.forward_ms), FULL),
        # Many cores do not help where the interpreter is the limit.
        (Machine(64, USUAL.steps_per_second, 4 * USUAL.forward_ms), SMALL),
        (Machine(2, USUAL.steps_per_second, 6 * USUAL.forward_ms), SMALL),
        (Machine(2, USUAL.steps_per_second / 6, USUAL.forward_ms), SMALL),
    ],
)
def test_the_machine_decides_by_what_it_measures(machine: Machine, subset: Subset) -> None:
    assert choose(machine) is subset


def test_the_minutes_are_those_that_were_seen() -> None:
    assert 7.5 < FULL.minutes(USUAL) < 9.5 and 18 < FULL.minutes(SLOW) < 24
    assert SMALL.minutes(SLOW) < 8, "with seven minutes of downloads and installation: 15 in all"
    assert FULL.minutes(USUAL) < LONGEST < FULL.minutes(SLOW)


def test_the_threshold_is_a_time() -> None:
    """Twice as many workers and half the speed are the same machine, down to the minute at which the choice turns."""
    for slower in (1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 2.0, 3.0):
        machine = Machine(2, USUAL.steps_per_second / slower, USUAL.forward_ms * slower)
        assert (choose(machine) is FULL) == (FULL.minutes(machine) <= LONGEST)


@pytest.mark.parametrize("subset", [FULL, SMALL], ids=lambda subset: subset.name)
def test_a_demo_keeps_the_subset_that_it_began_with(
    subset: Subset, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = SMALL if subset is FULL else FULL
    with Corpus.open(str(tmp_path / "corpus.db")) as corpus:
        assert begun(corpus) is None
        begin(corpus, subset)
        begin(corpus, subset)  # killed before its first round, and called again
        assert begun(corpus) is subset and len(corpus.runs()) == 1
        for settings in subset.settings():
            corpus.start_run(settings.name, settings.stored())  # as the loop does; Conflict if it were another run
    assert run(["demo", "--subset", other.name, "--home", str(tmp_path)]) == CANNOT_START
    said = " ".join(capsys.readouterr().err.split())
    assert f"has begun with the subset {subset.name}" in said and "--home" in said
    with Corpus.open(str(tmp_path / "corpus.db")) as corpus:
        assert begun(corpus) is subset


def test_the_subsets_are_other_runs_and_the_small_one_is_less_work() -> None:
    names = [settings.name for subset in (FULL, SMALL) for settings in subset.settings()]
    assert len(set(names)) == 4
    for full, small in zip(FULL.settings(), SMALL.settings(), strict=True):
        assert small.generations < full.generations and small.round.theorems < full.round.theorems
        assert small.evaluation.strata == full.evaluation.strata


def test_this_machine_is_measured_with_real_work(installation: Installation) -> None:
    with Lean(workers=1) as lean:
        machine = measure(lean, workers=3)
    # Wide enough for a machine a hundred times slower than any that was seen, not for a result without work.
    assert machine.workers == 3 and 1 < machine.steps_per_second < 5000 and 0.02 < machine.forward_ms < 100
