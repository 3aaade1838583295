"""What a run ends with: honest sentences, a sparkline whose scale begins at zero, one screen of 80 columns."""

from __future__ import annotations

import pytest
from countdown import FixedPolicy
from rich.cells import cell_len

from corpus.records import AttemptStatus
from corpus.round_results import TheoremOutcome
from prover.evaluation.evaluate import Arm, Evaluation, gather
from prover.search.budget import Budget
from training.experiments.ending import Ending, Found, Verdict, ending_of_experiment, ending_of_run
from training.experiments.experiment import Experiment, SeedRun
from training.experiments.screen import COLUMNS, LINES, Hint, Screen
from training.experiments.sparkline import ASCII_BLOCKS, BLOCKS, sparkline

THEOREMS = 40
FILES = tuple(Hint(f"flywheel-demo/reports/demo-logic/file{n}.txt", "what it is for") for n in range(3))
COMMANDS = tuple(Hint(f"flywheel corpus list --home flywheel-demo --offset {n}", "what it does") for n in range(3))


def outcome(number: int, proved: bool) -> TheoremOutcome:
    status = AttemptStatus.PROVED if proved else AttemptStatus.UNPROVED
    return TheoremOutcome(f"t{number:02d}", "hard", status, 3 if proved else None, 3, 0, 0.1, 0.1, 0.3, 0, 0.2)


def evaluation(*generations: range, stratum: str = "same-size", benchmark: str = "lean-logic") -> Evaluation:
    """Generation n proves the theorems whose numbers are in the n-th range; the grammar proves none."""
    solved = {"grammar": range(0), **{f"M_{number}": numbers for number, numbers in enumerate(generations)}}
    arms = [
        (Arm(name, FixedPolicy(), Budget(64)), [outcome(number, number in numbers) for number in range(THEOREMS)])
        for name, numbers in solved.items()
    ]
    about = {"benchmark": benchmark, "split": "valid", "stratum": stratum, "seed": 0, "test_evaluations": 0}
    return gather(arms, interrupted=False, **about)


def proofs(*generations: range, lines: int = 3) -> dict[str, dict[str, tuple[int, str]]]:
    return {
        f"M_{generation}": {f"t{number:02d}": (lines, proof(f"t{number:02d}", lines)) for number in numbers}
        for generation, numbers in enumerate(generations)
    }


def proof(name: str, lines: int) -> str:
    steps = "".join(f"  exact step_{number}\n" for number in range(lines))
    return f"set_option tactic.hygienic false in\ntheorem {name} (p q : Prop) : p → q → p := by\n{steps}"


RISEN = (range(17), range(25), range(34))
LEVEL = (range(15), range(15), range(14, 30))  # 14 lost and 15 won
FALLEN = (range(30), range(18))


@pytest.mark.parametrize(
    ("generations", "verdict", "said"),
    [
        (RISEN, Verdict.RISEN, "Risen, and resolved: lean-logic same-size (17 won, 0 lost, p = 0.000015)."),
        (
            LEVEL,
            Verdict.NOT_RESOLVED,
            "Not resolved, so it may be chance: lean-logic same-size (15 won, 14 lost, p = 1).",
        ),
        # Four to none: the bootstrap alone would call it risen, the sign test does not.
        (
            (range(10), range(14)),
            Verdict.NOT_RESOLVED,
            "Not resolved, so it may be chance: lean-logic same-size (4 won, 0 lost, p = 0.12).",
        ),
        (FALLEN, Verdict.FELL, "Fallen, and resolved: lean-logic same-size (0 won, 12 lost, p = 0.00049)."),
        ((range(9),), Verdict.ALONE, "One generation, so nothing to compare: lean-logic same-size."),
    ],
    ids=["risen", "level", "four to none", "fallen", "alone"],
)
def test_the_sentence_says_what_rose_and_whether_it_is_resolved(
    generations: tuple[range, ...], verdict: Verdict, said: str
) -> None:
    ending = ending_of_run([evaluation(*generations)], {})
    assert [rise.verdict for rise in ending.rises] == [verdict]
    assert ending.sentences() == [said]
    assert said in " ".join(screen_of(ending).text().split())


def test_each_verdict_has_its_own_sentence() -> None:
    first = ending_of_run([evaluation(*RISEN), evaluation(*RISEN, stratum="beyond")], {})
    both = first + ending_of_run([evaluation(*LEVEL, stratum="hard", benchmark="lean-core")], {})
    risen, level = both.sentences()
    assert risen.count("won") == 2 and "lean-logic beyond" in risen and "lean-core" not in risen
    assert level.startswith("Not resolved") and "lean-core hard" in level


def test_found_is_what_the_last_generation_proves_and_the_first_does_not() -> None:
    ending = ending_of_run([evaluation(*LEVEL)], proofs(*LEVEL))
    assert [found.theorem for found in ending.found] == [f"t{number}" for number in range(15, 30)]
    text = screen_of(ending).text()
    assert "15 theorems that only the last generation proves: t15, t16" in text
    assert "theorem t15 (p q : Prop) : p → q → p := by" in text and "set_option" not in text


def test_a_run_that_found_nothing_says_so() -> None:
    text = screen_of(ending_of_run([evaluation(*FALLEN)], proofs(*FALLEN))).text()
    assert "proves no theorem that the first one does not" in text


def screen_of(ending: Ending) -> Screen:
    return Screen("Run first: lean-logic, valid, this call took 12.0 minutes", ending, FILES, COMMANDS)


def lines_of(text: str) -> list[str]:
    assert text.endswith("\n")
    return text.splitlines()


@pytest.mark.parametrize("curves", [1, 2, 3])
@pytest.mark.parametrize("length", [1, 3, 6, 40])
def test_the_screen_is_never_larger_than_a_terminal(curves: int, length: int) -> None:
    names = ["lean-logic", "lean-core", "external/a-benchmark-with-a-long-name"]
    ending = ending_of_run(
        [evaluation(*RISEN, benchmark=name, stratum="same-size") for name in names[:curves]],
        proofs(*RISEN, lines=length),
    )
    lines = lines_of(screen_of(ending).text())
    assert len(lines) <= LINES and max(map(cell_len, lines)) <= COLUMNS
    assert all(hint.what in "\n".join(lines) for hint in FILES + COMMANDS)
    assert "… " in "\n".join(lines) or length < 40, "a proof that is cut says so"


def test_the_longest_proof_that_fits_is_shown() -> None:
    found = tuple(Found("lean-logic", f"t{n}", n, proof(f"t{n}", n)) for n in (2, 5, 60))
    rises = ending_of_run([evaluation(*RISEN)], {}).rises
    text = screen_of(Ending(rises, found)).text()
    assert "theorem t5" in text and "exact step_4" in text and "theorem t60" not in text


def test_what_a_model_wrote_cannot_steer_the_terminal() -> None:
    found = (Found("lean-logic", "t\x1b[2J", 2, "theorem t : p := by\n  exact \x1b]0;title\x07 h\u202e\n"),)
    text = screen_of(Ending(ending_of_run([evaluation(*RISEN)], {}).rises, found)).text()
    assert "exact ?]0;title? h?" in text and all(c.isprintable() for c in text.replace("\n", ""))


def test_a_terminal_without_unicode_gets_ascii() -> None:
    screen = screen_of(ending_of_run([evaluation(*RISEN)], proofs(*RISEN)))
    text = screen.text(ascii_only=True)
    assert text.isascii() and "M_0 17 -> M_2 34 of 40" in text and "p ? q ? p" not in text
    assert "p -> q -> p" in text
    assert not screen.text().isascii() and max(map(len, lines_of(text))) <= COLUMNS + 4


def test_json_has_the_figures_of_the_screen() -> None:
    ending = ending_of_run([evaluation(*RISEN)], proofs(*RISEN))
    data = ending.as_json()
    (curve,) = data["curves"]
    assert curve["rates"] == [17 / 40, 25 / 40, 34 / 40] and curve["verdict"] == "risen"
    assert (curve["wins"], curve["losses"]) == (17, 0) and len(data["found"]) == 17


def test_an_experiment_is_judged_over_its_seeds() -> None:
    def run(number: int, *generations: range) -> SeedRun:
        return SeedRun(number, (evaluation(*generations),), proofs(*generations, lines=3 - number), {})

    risen = ending_of_experiment(Experiment("e", (run(0, *RISEN), run(1, *RISEN), run(2, *RISEN))))
    (rise,) = risen.rises
    assert rise.verdict is Verdict.RISEN and rise.seeds == 3 and rise.wins is None
    assert risen.sentences()[0].startswith("Risen, and resolved: lean-logic same-size (+42 % [")
    assert len(risen.found) == 17 and {found.length for found in risen.found} == {1}, "the shortest of three proofs"
    mixed = ending_of_experiment(Experiment("e", (run(0, *RISEN), run(1, *FALLEN, range(10)))))
    assert mixed.rises[0].verdict is Verdict.NOT_RESOLVED
    alone = ending_of_experiment(Experiment("e", (run(0, range(5)), run(1, range(6)))))
    assert alone.rises[0].verdict is Verdict.ALONE
    text = screen_of(risen).text()
    assert "M_0 42 → M_2 85 %" in text and "One seed" not in text


def test_a_sparkline_begins_at_zero() -> None:
    assert sparkline([0, 1, 2, 3, 4, 5, 6, 7, 8]) == "▁▂▃▄▅▆▇██"
    assert sparkline([14, 14, 15]) == "███", "a change of a fifteenth does not look like a rise from nothing"
    assert sparkline([0, 0]) == "▁▁" and sparkline([]) == ""
    assert set(sparkline([1, 2, 3], ascii_only=True)) <= set(ASCII_BLOCKS)
    many = sparkline(list(range(100)), width=8)
    assert len(many) == 8 and (many[0], many[-1]) == (BLOCKS[0], BLOCKS[-1])
