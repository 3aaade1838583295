"""Evaluation: counts at equal steps and seconds, paired intervals, reports and plots."""

from __future__ import annotations

import json
import threading
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator

import pytest
from countdown import FixedPolicy, theorem, verify_countdown

from corpus.records import AttemptStatus, RoundKind, TheoremRecord
from corpus.round_results import TheoremOutcome, count_test_evaluations
from corpus.store import Corpus
from prover.evaluation.evaluate import Arm, evaluate, gather, portfolio_1
from prover.evaluation.plots import Curve, Point, plot_generations, plot_steps
from prover.evaluation.report import comparisons, report_json, report_text
from prover.evaluation.statistics import Interval, bootstrap_interval, sign_test
from prover.rounds.attempt import Undecided
from prover.search.budget import Budget

NAMES = [theorem(n).name for n in range(1, 41)]
STRONG = FixedPolicy(("sub 3", -0.5), ("sub 1", -1.0), name="strong")
WEAK = FixedPolicy(("sub 1", -0.5), name="weak")


@pytest.fixture
def corpus(tmp_path) -> Iterator[Corpus]:
    with Corpus.open(str(tmp_path / "corpus.db")) as corpus:
        records = [
            TheoremRecord(t.name, t.statement, t.expression_hash, t.environment.key, None, "test", "hard")
            for t in (theorem(n) for n in range(1, 41))
        ]
        corpus.add_benchmark("countdown", "1", "library", records)
        corpus.start_run("run", {})
        yield corpus


@pytest.fixture
def run(corpus, crew):
    def run(*arms, verify=verify_countdown, crew=crew, names=NAMES, **options):
        about = {"run": "run", "benchmark": "countdown", "split": "test", "stratum": "hard", "seed": 0}
        return evaluate(corpus, arms, names, crew=crew, verify=verify, **about, **options)

    return run


def outcome(name, *, solved_at=None, steps=64, seconds=1.0, status=None):
    status = status or (AttemptStatus.UNPROVED if solved_at is None else AttemptStatus.PROVED)
    return TheoremOutcome(name, "hard", status, solved_at, solved_at or steps, 0, seconds, 0.0, seconds, 0, seconds)


def made_up(*arms, **about):
    """An Evaluation of arms given as (name, outcomes)."""
    about = {"benchmark": "b", "split": "valid", "stratum": "", "seed": 0, "test_evaluations": 0} | about
    return gather([(Arm(name, WEAK, Budget(64)), outcomes) for name, outcomes in arms], interrupted=False, **about)


def test_arms_side_by_side(run):
    evaluation = run(Arm("strong", STRONG, Budget(16)), Arm("weak", WEAK, Budget(16)))
    strong, weak = evaluation.rows()
    # A proof has at most 13 steps: 12 states deep, and the tactic that closes.
    assert weak.solved_at == {8: 8, 16: 13, 32: None, 64: None, 128: None}
    assert strong.solved_at[16] > weak.solved_at[16]
    assert strong.theorems == weak.theorems == 40
    assert strong.interval.low < strong.rate < strong.interval.high
    (at_steps, _at_seconds) = evaluation.compare("strong", "weak")
    assert (at_steps.wins - at_steps.losses) == strong.solved - weak.solved
    assert at_steps.union == len(evaluation.arm("strong").solved | evaluation.arm("weak").solved)


def test_counts_at_fewer_steps_are_those_of_a_smaller_budget(run):
    large = run(Arm("large", STRONG, Budget(32))).arm("large")
    small = run(Arm("small", STRONG, Budget(16))).arm("small")
    assert large.solved_at(16) == small.solved < large.solved


def test_a_theorem_can_have_a_budget_of_its_own_and_arms_compare_at_it(corpus, run):
    own = {name: Budget(8 + 2 * number) for number, name in enumerate(NAMES)}
    rule = {"steps_per_effort": 2.0}
    weak = Arm("weak", WEAK, Budget(8), settings=rule, budgets=own)
    longer = Arm("longer", WEAK, Budget(64), settings=rule)
    evaluation = run(weak, longer)
    result = evaluation.arm("weak")
    # `down_n` takes n steps of the weak policy and the arm gives 6 + 2n, up to the 13 steps that a proof may have.
    assert len(result.solved) == 13 and result.most_steps == 8 + 2 * 39
    assert all(outcome.steps <= own[name].steps for name, outcome in result.outcomes.items())
    given, _ = evaluation.compare("longer", "weak")
    assert (given.at, given.wins, given.losses) == ("8 to 64 steps", 0, 0)
    assert "steps grow with its effort, for all arms alike: weak 8 to 86" in " ".join(
        report_text(evaluation, ["weak"]).split()
    )
    # At equal budgets it is another round, and the last statements of the 13 are out of reach.
    assert run(Arm("weak", WEAK, Budget(8))).rows()[0].solved == 8
    assert len(corpus.rounds("run")) == 3


def test_each_evaluation_is_a_round_and_an_old_one_is_free(corpus, run):
    arm = Arm("weak", WEAK, Budget(4))
    first = run(arm)
    assert first.test_evaluations == count_test_evaluations(corpus) == 1
    assert [round.kind for round in corpus.rounds("run")] == [RoundKind.EVAL]
    done = []
    again = run(arm, on_progress=lambda name, progress: done.append(name))
    assert (again.rows(), done, again.test_evaluations) == (first.rows(), [], 1)
    run(Arm("weak", WEAK, Budget(5)))
    assert count_test_evaluations(corpus) == 2


def test_other_theorems_are_another_evaluation_and_the_first_stays_what_it_was(corpus, run):
    arm = Arm("weak", WEAK, Budget(4))
    few = run(arm, names=NAMES[:10])
    more = run(arm)
    assert (len(few.arms[0].outcomes), len(more.arms[0].outcomes)) == (10, 40), (
        "more theorems were asked for, and tried"
    )
    assert few.arms[0].solved == more.arms[0].solved & set(NAMES[:10])
    done = []
    for names, before in ((NAMES[:10], few), (NAMES, more)):
        again = run(arm, names=names, on_progress=lambda name, progress: done.append(name))
        assert again.rows() == before.rows()
    assert done == [] and len(corpus.rounds("run")) == 2


def test_an_interrupted_evaluation_resumes(run, alone):
    stop = threading.Event()
    arms = Arm("strong", STRONG, Budget(8)), Arm("weak", WEAK, Budget(8))
    cut = run(*arms, crew=alone, stop=stop, on_progress=lambda _, p: p.done == 7 and stop.set())
    assert cut.interrupted
    assert len(cut.arms) == 1
    assert cut.unanswered == 33
    whole = run(*arms)
    assert (whole.interrupted, whole.unanswered, len(whole.arms)) == (False, 0, 2)


def test_an_interruption_in_the_second_arm_reports_the_first(run, alone):
    """By one process, which is done with the first arm when it begins the second; several would overlap."""
    stop = threading.Event()
    arms = Arm("strong", STRONG, Budget(8)), Arm("weak", WEAK, Budget(8))
    cut = run(*arms, crew=alone, stop=stop, on_progress=lambda arm, p: arm == "weak" and p.done == 5 and stop.set())
    assert [arm.name for arm in cut.arms] == ["strong"]
    assert (cut.interrupted, cut.unanswered) == (True, 0)


def test_no_process_waits_for_the_last_theorem_of_an_arm(run):
    """The first arm's last theorem ends once the second arm has begun: one after the other, that would be never."""
    begun = threading.Event()

    class Waits(FixedPolicy):
        #: Asked side by side: else who waits here holds up the other process in its last theorem of this arm.
        concurrent = True

        def propose(self, queries):
            assert queries[0].theorem.name != NAMES[-1] or begun.wait(60)
            return super().propose(queries)

    arms = Arm("slow", Waits(("sub 1", -0.5)), Budget(4)), Arm("weak", WEAK, Budget(4))
    evaluation = run(*arms, on_progress=lambda arm, _: arm == "weak" and begun.set())
    assert [len(arm.outcomes) for arm in evaluation.arms] == [40, 40]


def test_errors_leave_every_arm_and_are_no_failures(run):
    def troubled(opened, proof, source):
        if opened.name == "down_3" and source == "policy":
            raise Undecided("no worker")
        return verify_countdown(opened, proof, source)

    evaluation = run(
        Arm("strong", STRONG, Budget(8)),
        Arm("weak", WEAK, Budget(8), source="other"),
        verify=troubled,
    )
    assert evaluation.unanswered == 1
    assert all("down_3" not in arm.outcomes and len(arm.outcomes) == 39 for arm in evaluation.arms)


def test_portfolio_1_tries_six_tactics_on_one_state():
    arm = portfolio_1()
    assert (arm.budget.steps, arm.search.max_depth) == (6, 0)
    assert [p.tactic for p in arm.policy.propose([None])[0]] == ["rfl", "decide", "omega", "simp", "simp_all", "grind"]


def test_equal_seconds_are_equal_totals_under_a_cap():
    """Taken 1, 2 and 9 s, solved the first two. 1 s a theorem on average is a cap of 1; 1.5 s one of 1.75 (1 + 1.75 +
    1.75 = 4.5); 3 s a cap of 6; all of it is 4 s, and what lies beyond is unknown."""
    taken = [outcome("a", solved_at=1, seconds=1.0), outcome("b", solved_at=2, seconds=2.0), outcome("c", seconds=9.0)]
    (arm,) = made_up(("x", taken)).arms
    assert [arm.cap(mean) for mean in (1.0, 1.5, 3.0, 4.0, 4.1)] == [1.0, 1.75, 6.0, 9.0, None]
    assert [arm.solved_within(mean) for mean in (0.9, 1.0, 1.5, 3.0)] == [set(), {"a"}, {"a"}, {"a", "b"}]
    assert arm.solved_within(5.0) is None


def test_comparison_at_the_seconds_that_both_spent():
    quick = [outcome(f"t{i}", solved_at=4 if i < 10 else None, seconds=0.5) for i in range(20)]
    slow = [outcome(f"t{i}", solved_at=4 if i < 15 else None, seconds=2.0) for i in range(20)]
    at_steps, at_seconds = made_up(("quick", quick), ("slow", slow)).compare("quick", "slow")
    assert (at_steps.wins, at_steps.losses) == (0, 5)
    assert (at_seconds.at, at_seconds.wins, at_seconds.losses) == ("0.5 s", 10, 0)


@pytest.mark.parametrize(("wins", "losses", "resolved"), [(15, 2, True), (13, 6, False), (4, 0, False), (0, 0, False)])
def test_small_differences_are_not_resolved(wins, losses, resolved):
    """15:2, 13:6 of 200 have p = 0.002 and 0.17; 4:0 has p = 0.125 though the bootstrap excludes zero."""
    a = [outcome(f"t{i}", solved_at=1 if i < wins else None) for i in range(200)]
    b = [outcome(f"t{i}", solved_at=1 if wins <= i < wins + losses else None) for i in range(200)]
    evaluation = made_up(("a", a), ("b", b))
    compared = evaluation.compare("a", "b")[0]
    assert (compared.wins, compared.losses, compared.resolved) == (wins, losses, resolved)
    text = report_text(evaluation, ["b"])
    assert ("not resolved" in text) != resolved
    assert f"{wins} : {losses}" in text


def test_intervals():
    assert bootstrap_interval([]) == (0, 0)
    assert bootstrap_interval([1.0] * 9) == (1, 1)
    low, high = bootstrap_interval([1.0] * 50 + [0.0] * 150)
    assert 0.17 < low < 0.21 < 0.29 < high < 0.33  # normal approximation: 0.25 -+ 0.06
    assert bootstrap_interval([1.0, 0.0], seed=3) == bootstrap_interval([1.0, 0.0], seed=3)
    assert sign_test(15, 2) == pytest.approx(0.00235, abs=1e-4)
    assert sign_test(0, 0) == 1


def test_pairs_are_compared_once():
    evaluation = made_up(*[(name, [outcome("t", solved_at=1)]) for name in ("M_1", "M_0", "portfolio")])
    pairs = [(c.arm, c.other) for c in comparisons(evaluation, ["M_0", "portfolio", "absent"])]
    assert pairs == [(a, b) for a, b in [("M_1", "M_0"), ("M_1", "portfolio"), ("M_0", "portfolio")] for _ in range(2)]


def test_reports_say_what_has_to_be_said(run):
    evaluation = run(Arm("strong", STRONG, Budget(16)), Arm("weak", WEAK, Budget(16)))
    text = report_text(evaluation, ["weak"])
    for part in (
        "countdown, test, hard: 40 theorems",
        "strong",
        "Evaluations on test so far, in this corpus: 2",
        "@128",
    ):
        assert part in text
    assert "\x1b" not in text
    values = json.loads(json.dumps(report_json(evaluation, ["weak"])))
    assert values["arms"][1]["solved_at"] == {"8": 8, "16": 13, "32": None, "64": None, "128": None}
    assert len(values["outcomes"]["strong"]) == 40
    assert values["comparisons"][0]["wins"] >= 1


def test_level_lines_of_one_colour_all_look_different(tmp_path):
    levels = {f"arm {n}": 0.1 * n for n in range(8)}
    svg, _ = plot_generations([Curve("", [Point(0, 0.5, Interval(0.4, 0.6))], levels)], "levels", tmp_path / "levels")
    legend = ElementTree.parse(svg).find(".//*[@id='legend_1']")
    lines = [one.get("style", "") for one in legend.iter("{http://www.w3.org/2000/svg}path")]
    dashes = [style for style in lines if "stroke-dasharray" in style]
    assert len(dashes) == 8 and len(set(dashes)) == 8


def test_plots_are_files_of_their_kind_and_reproducible(run, tmp_path):
    points = [Point(n, 0.1 * n, Interval(0.1 * n - 0.05, 0.1 * n + 0.05)) for n in range(4)]
    curves = [Curve("", points, {"frozen M_0": 0.1}), Curve("larger", points, {"frozen M_0": 0.05})]
    images = plot_generations(curves, "demo", tmp_path / "new" / "curve")
    images += plot_steps(run(Arm("strong", STRONG, Budget(16))), tmp_path / "steps.of.arms")
    for svg, png in (images[:2], images[2:]):
        assert ElementTree.parse(svg).getroot().tag.endswith("svg")
        assert png.read_bytes().startswith(b"\x89PNG")
    drawn = images[0].read_text()
    assert "frozen M_0, larger" in drawn and "flywheel, larger" in drawn and ">frozen M_0<" in drawn
    before = images[0].read_bytes()
    plot_generations(curves, "demo", tmp_path / "new" / "curve")
    assert images[0].read_bytes() == before
    assert {path.suffix for path in tmp_path.rglob("*") if path.is_file() and ".db" not in path.name} == {
        ".svg",
        ".png",
    }
