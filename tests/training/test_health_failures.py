"""Each failure of a loop that learns from itself, caused by the real loop under a bad setting and caught by the panel,
and each remedy at work. The runs are in health_loop.py; results/health.md has their figures.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

import numpy as np
import pytest
from health_loop import CONTROL, Loops, opened, settings_of

from corpus.health import Health, health_of, load_proofs
from corpus.records import RoundKind
from corpus.snapshot import SnapshotFilter, snapshot_proofs, take_snapshot
from prover.lean import Lean
from training.data.from_corpus import training_proofs
from training.data.unverified import UNVERIFIED, UNVERIFIED_RECIPE, unverified_proofs
from training.health.measure import known_states
from training.health.statistics import Calibration, calibration, inherited

pytestmark = [pytest.mark.long, pytest.mark.timeout(3600)]


@pytest.fixture(scope="module")
def loops(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loops]:
    with Lean(1, settings_of("usual").limits) as lean:
        found = opened(lean, tmp_path_factory.mktemp("health"))
        yield found
        found.corpus.close()


def failures(health: Health) -> set[str]:
    return {alarm.failure for alarm in health.alarms}


def figure(health: Health, name: str) -> float:
    value = health.figures[name]
    assert value is not None, name
    return value


def test_mode_collapse_is_caught_while_the_curve_still_rises(loops: Loops) -> None:
    """Low temperature, no noise, one proof a theorem, nothing but its own proofs: pass@1 rises, breadth goes."""
    first, *_, last = loops.health("collapse")
    assert "collapse" not in failures(first) and "collapse" in failures(last)
    assert figure(last, "pass@1") > figure(first, "pass@1") and last.counts["solved"] > first.counts["solved"]
    assert figure(last, "one_opening") == 1 and figure(last, "heads") < figure(first, "heads")
    assert figure(last, "slope") < 0.01 < figure(first, "slope")
    assert figure(last, "unique") < figure(first, "unique") and last.counts["proved"] > first.counts["proved"]
    assert figure(last, "entropy") < 0.25 * figure(first, "entropy")


def test_a_bounded_run_ends_where_the_alarm_is_and_again_when_resumed(loops: Loops) -> None:
    for _ in range(2):
        numbers = [turn.generation.number for turn in loops.fly("bounded").run()]
        assert 0 < numbers[-1] < settings_of("bounded").generations
    found = health_of(loops.corpus.generations("bounded")[-1])
    assert found is not None and "collapse" in failures(found) and "the run ends here" in found.remedies[0]
    searched = [one for one in loops.corpus.rounds("bounded", RoundKind.TRAIN) if one.arm == "policy"]
    assert len(searched) == numbers[-1], "no round was made after it"


def test_a_high_temperature_answers_the_alarm_and_is_recorded(loops: Loops) -> None:
    """The same bad setting: the alarm of M_1 heats the round after it, and M_2 is broader than without."""
    cold, hot = loops.health("collapse"), loops.health("collapse-hot")
    assert "temperature 2" in hot[1].remedies[0] and hot[1].figures == cold[1].figures
    rounds = [one for one in loops.corpus.rounds("collapse-hot", RoundKind.TRAIN) if one.arm == "policy"]
    assert [one.config["temperature"] for one in rounds] == [0.2, 2.0]
    assert list(hot[1].remedies) == rounds[1].config["health"] and "health" not in rounds[0].config
    assert loops["collapse-hot"][2].generation.metrics["remedies"] == list(hot[1].remedies)
    assert figure(hot[2], "entropy") > figure(cold[2], "entropy")


def test_no_unverified_step_is_ever_a_proof(loops: Loops) -> None:
    generations = [turn.generation for turn in loops["unverified"]]
    assert [one.recipe for one in generations] == ["expert-iteration", UNVERIFIED_RECIPE, UNVERIFIED_RECIPE]
    everything = take_snapshot(loops.corpus, SnapshotFilter())
    sources = {proof.source for proof in snapshot_proofs(loops.corpus, everything.hash)}
    assert UNVERIFIED not in sources and sources <= {"grammar", "policy", "portfolio"}
    assert "proofs" not in {name for name, value in loops.health("unverified")[1].figures.items() if value is not None}


def test_without_a_verifier_confidence_outgrows_accuracy(loops: Loops) -> None:
    """M_2 learned what its teachers were sure of: it is surer than they, and knows less of what M_0 knew."""
    first, second, third = loops.health("unverified")
    assert figure(first, "overconfidence") < figure(second, "overconfidence") < figure(third, "overconfidence")
    assert "overconfidence" in failures(third) and "overconfidence" not in failures(first)
    assert figure(third, "seed_log_likelihood") < figure(second, "seed_log_likelihood")


@dataclass(frozen=True)
class Pupil:
    """Of a network on the held-out states: its likeliest actions, and how they are calibrated."""

    tops: list[int]
    found: Calibration


@pytest.fixture(scope="module")
def pupils(loops: Loops) -> tuple[dict[str, Pupil], list[frozenset[int]]]:
    """A teacher (M_1 of the run without a verifier), a control teacher of another size that learned from the same steps
    from other weights, a student of each that learned its favourites, all students of the teacher's family and from one
    initialisation; one that learned round 0's proofs besides, and one that learned the same teachers' proofs that the
    kernel accepted."""
    flywheel, generations = loops.fly("unverified"), [turn.generation for turn in loops["unverified"]]
    reference = loops.health("unverified")[0].reference
    known = known_states(load_proofs(loops.corpus, reference), flywheel.actions, 400)
    teacher, seed = loops.load("unverified", 1), generations[0].seeds["train"]
    control = loops.taught("control", unverified_proofs(loops.corpus, "unverified", 0.5), seed=1, model=CONTROL)
    seeds = list(training_proofs(loops.corpus, generations[0].snapshot_hash or "", flywheel.benchmark.repertoire))
    accepted = training_proofs(loops.corpus, generations[2].snapshot_hash or "", flywheel.benchmark.repertoire)
    networks = {
        "teacher": teacher,
        "control": control,
        "student": loops.taught("student", loops.favourites(teacher), seed=seed),
        "student of control": loops.taught("student of control", loops.favourites(control), seed=seed),
        "student with seeds": loops.taught(
            "student with seeds", chain(seeds, loops.favourites(teacher)), seed=seed, seed_share=0.3
        ),
        "verified student": loops.taught("verified student", accepted, seed=seed),
    }
    right = [one.accepted for one in known]
    made = {}
    for name, network in networks.items():
        scores = [network.log_probs(one.situation) for one in known]
        tops = [int(each.argmax()) for each in scores]
        hits = [top in accepted_here for top, accepted_here in zip(tops, right, strict=True)]
        found = calibration([float(np.exp(each.max())) for each in scores], hits)
        assert found is not None
        made[name] = Pupil(tops, found)
    return made, right


def test_mistakes_of_a_teacher_become_those_of_its_student(pupils) -> None:
    """Distillation drift. The control: how many of a teacher's mistakes a student of the other teacher makes by itself.
    Students of both teachers are of one family, so what they share with each other is no part of the difference."""
    made, right = pupils

    def repeats(teacher: str, student: str) -> float:
        share = inherited(made[teacher].tops, made[student].tops, right)
        assert share is not None
        return share

    own = repeats("teacher", "student") + repeats("control", "student of control")
    other = repeats("teacher", "student of control") + repeats("control", "student")
    assert own > other
    assert repeats("teacher", "verified student") < repeats("teacher", "student"), "the kernel breaks the chain"


def test_an_independent_verifier_keeps_confidence_near_accuracy(pupils) -> None:
    made, _ = pupils
    sure, verified = made["student"].found, made["verified student"].found
    assert sure.excess > 0.1 > verified.excess and verified.accuracy > sure.accuracy and verified.error < sure.error


def test_seed_data_mixed_in_breaks_the_chain_of_mistakes(pupils) -> None:
    made, right = pupils
    alone, mixed = made["student"], made["student with seeds"]
    assert mixed.found.accuracy > alone.found.accuracy and mixed.found.excess < alone.found.excess
    shares = [inherited(made["teacher"].tops, one.tops, right) for one in (mixed, alone)]
    assert shares[0] is not None and shares[1] is not None and shares[0] < shares[1]
