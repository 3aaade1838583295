"""Evaluation: several arms on the same theorems, side by side at equal steps and at equal processor seconds.

    evaluation = evaluate(corpus, [Arm("M_1", policy, Budget(64)), ...], names, run="demo", benchmark="lean-core", ...)
    print(report_text(evaluation, baselines=["M_0"]))                              # evaluation/report.py

Each arm is a round of kind `eval` in the corpus, and what is reported is read back from there: an interrupted
evaluation resumes, and one that was done before costs nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property, partial
from itertools import accumulate, takewhile
from typing import Any

from corpus.hashing import digest
from corpus.records import AttemptStatus, RoundKind, RoundRecord
from corpus.round_results import TheoremOutcome, count_test_evaluations, outcomes
from corpus.store import Corpus
from prover.evaluation.statistics import Interval, bootstrap_interval, sign_test
from prover.policies.portfolio import PORTFOLIO_1
from prover.policy import Policy, PolicyQuery, Proposal
from prover.rounds.attempt import Phase, Verify
from prover.rounds.lending import Lending
from prover.rounds.plan import Plan, RoundConfig
from prover.rounds.progress import Job, Progress
from prover.rounds.round import run_rounds
from prover.rounds.team import Team
from prover.search.best_first import BestFirst
from prover.search.budget import Budget
from prover.search.contract import Search

#: Budgets at which solved theorems are counted: tactic steps (those behind 128 where an arm has as many), and mean
#: processor seconds a theorem.
STEP_MARKS = (8, 16, 32, 64, 128, 256, 512, 1024)
_ALWAYS_COUNTED = 128
SECOND_MARKS = (0.1, 0.2, 0.5, 1.0, 2.0)
#: Between an arm's name and that of another search than the run's.
BY = " by "
#: Behind the name of an arm that has the steps of a run's rounds on top of its own.
AT_WHOLE_BUDGET = " at the whole budget"


@dataclass(frozen=True, slots=True)
class Arm:
    """One way of proving: a policy, its budget and its search."""

    name: str
    policy: Policy
    budget: Budget
    search: Search = field(default_factory=BestFirst)
    source: str = "policy"
    #: The model's generation in the corpus, None without a model.
    generation_id: int | None = None
    #: Whatever else the result depends on, such as the policy's options. Another setting is another round.
    settings: Mapping[str, Any] = field(default_factory=dict)
    #: What its theorems may borrow; None: nothing.
    lending: Lending | None = None
    #: By theorem, in place of `budget`, none of them smaller. `settings` say where they come from.
    budgets: Mapping[str, Budget] = field(default_factory=dict)

    @property
    def described(self) -> dict[str, Any]:
        """What the corpus stores as the round's configuration."""
        return {
            "policy": self.policy.name,
            "budget": asdict(self.budget),
            "search": self.search.settings,
            **({} if self.lending is None else {"library": self.lending.snapshot}),
            **self.settings,
        }


class FixedTactics:
    """The same tactics in every state, all equally likely, tried in their order."""

    portable = True

    def __init__(self, name: str, tactics: Sequence[str]) -> None:
        self.name = name
        self._proposals = [Proposal(tactic, 0.0, tactic) for tactic in tactics]

    def propose(self, queries: Sequence[PolicyQuery]) -> list[list[Proposal]]:
        return [list(self._proposals) for _ in queries]


def portfolio_1() -> Arm:
    """The first baseline: `intros`, then each of the six tactics once, on that state alone."""
    policy = FixedTactics("portfolio-1", PORTFOLIO_1)
    return Arm("portfolio-1", policy, Budget(len(PORTFOLIO_1)), BestFirst(max_depth=0), source="portfolio")


@dataclass(frozen=True)
class ArmResult:
    """One arm's outcomes, by theorem. All of them have a verdict: see `Evaluation.arms`."""

    name: str
    budget: Budget
    outcomes: Mapping[str, TheoremOutcome]
    #: By theorem, in place of `budget`, none of them smaller.
    budgets: Mapping[str, Budget] = field(default_factory=dict)

    def steps_of(self, theorem: str) -> int:
        """The tactic steps that it was given for this theorem."""
        return self.budgets.get(theorem, self.budget).steps

    @cached_property
    def most_steps(self) -> int:
        """That it was given for any theorem."""
        return max([self.budget.steps, *map(self.steps_of, self.outcomes)])

    def solved_at(self, steps: int) -> frozenset[str]:
        """Theorems proved within so many tactic steps."""
        return frozenset(name for name in self.solved if (self.outcomes[name].steps_to_proof or 0) <= steps)

    def solved_in(self, steps: Mapping[str, int]) -> frozenset[str]:
        """Theorems proved within so many tactic steps each."""
        return frozenset(name for name in self.solved if (self.outcomes[name].steps_to_proof or 0) <= steps[name])

    @cached_property
    def solved(self) -> frozenset[str]:
        """Theorems proved within the arm's whole budget."""
        return frozenset(n for n, outcome in self.outcomes.items() if outcome.status is AttemptStatus.PROVED)

    @property
    def seconds(self) -> float:
        """Mean processor seconds a theorem, all attempts in full."""
        return sum(self._seconds) / max(1, len(self._seconds))

    @cached_property
    def _seconds(self) -> list[float]:
        return sorted(outcome.cpu_seconds for outcome in self.outcomes.values())

    def cap(self, mean_seconds: float) -> float | None:
        """The limit a theorem under which this arm spends `mean_seconds` on average; None if it never spends so much.

        Under a cap c it spends the mean of min(c, what the attempt took); that grows with c, piecewise linearly.
        """
        ascending, n = self._seconds, len(self._seconds)
        for position, below in enumerate(accumulate(ascending, initial=0.0)):
            if position == n:
                return None
            cap = (mean_seconds * n - below) / (n - position)
            if cap <= ascending[position]:
                return cap
        return None

    def solved_within(self, mean_seconds: float) -> frozenset[str] | None:
        """Theorems proved when `mean_seconds` of processor time a theorem may be spent in total, by an equal limit a
        theorem; None where the arm's own budget ends before that, which says nothing about what it could do."""
        cap = self.cap(mean_seconds)
        if cap is None:
            return None
        return frozenset(name for name in self.solved if self.outcomes[name].cpu_seconds <= cap)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table. Counts of solved theorems by steps and by mean seconds; None where a budget was not
    reached. `interval` is of `rate`, the share solved at the arm's whole budget."""

    arm: str
    theorems: int
    solved_at: Mapping[int, int | None]
    solved_within: Mapping[float, int | None]
    solved: int
    rate: float
    interval: Interval
    steps: int
    seconds: float
    lean_seconds: float
    model_seconds: float
    wall_limit_hits: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two arms on the same theorems. `wins`: solved by `arm` alone; `losses`: by `other` alone. `difference` (of rates)
    and its interval are paired; `resolved` needs an interval without zero and p < 0.05, since the bootstrap alone
    already excludes zero at 4 wins to none."""

    arm: str
    other: str
    at: str
    wins: int
    losses: int
    union: int
    difference: float
    interval: Interval
    p: float

    @property
    def resolved(self) -> bool:
        return not self.interval.low <= 0 <= self.interval.high and self.p < 0.05


@dataclass(frozen=True)
class Evaluation:
    """Arms on the same theorems."""

    benchmark: str
    split: str
    stratum: str
    seed: int
    #: Their outcomes on the theorems on which *every* arm came to a verdict: all counts are over one set.
    arms: tuple[ArmResult, ...]
    #: Theorems left out of that set by errors or an interruption. They are never counted as failures.
    unanswered: int
    #: How many evaluations on test the corpus had seen after this one. None for one in no corpus.
    test_evaluations: int | None
    interrupted: bool

    def arm(self, name: str) -> ArmResult:
        return next(arm for arm in self.arms if arm.name == name)

    def without(self, names: Collection[str]) -> Evaluation:
        """The same with these theorems left out of every arm."""
        if not names:
            return self
        kept = (
            replace(arm, outcomes={name: one for name, one in arm.outcomes.items() if name not in names})
            for arm in self.arms
        )
        return replace(self, arms=tuple(kept))

    def rows(self) -> list[Row]:
        return [_row(arm, self.step_marks) for arm in self.arms]

    @cached_property
    def step_marks(self) -> tuple[int, ...]:
        """Those of STEP_MARKS at which solved theorems are counted."""
        most = max([_ALWAYS_COUNTED, *(arm.budget.steps for arm in self.arms)])
        return tuple(mark for mark in STEP_MARKS if mark <= most)

    def compare(self, arm: str, other: str) -> list[Comparison]:
        """At the steps that both were given, theorem by theorem, and at the processor seconds that both spent."""
        a, b = self.arm(arm), self.arm(other)
        steps = {name: min(a.steps_of(name), b.steps_of(name)) for name in a.outcomes}
        least, most = min(steps.values(), default=0), max(steps.values(), default=0)
        given = f"{least} steps" if least == most else f"{least} to {most} steps"
        seconds = min(a.seconds, b.seconds)
        a_within, b_within = a.solved_within(seconds), b.solved_within(seconds)
        # None comes from rounding alone here: the arm that spent less spent just that.
        at_seconds = a.solved if a_within is None else a_within, b.solved if b_within is None else b_within
        return [
            _compare(a, b, given, a.solved_in(steps), b.solved_in(steps)),
            _compare(a, b, f"{seconds:.2g} s", *at_seconds),
        ]


def evaluate(
    corpus: Corpus,
    arms: Sequence[Arm],
    theorems: Sequence[str],
    *,
    run: str,
    benchmark: str,
    split: str,
    stratum: str,
    seed: int,
    crew: Team[Any],
    verify: Verify,
    config: RoundConfig | None = None,
    on_progress: Callable[[str, Progress], None] | None = None,
    stop: threading.Event | None = None,
) -> Evaluation:
    """Runs every arm on `theorems` (names in that split and stratum of the benchmark; stratum '' for any).

    One arm behind the other, and the next one beside the last theorems of the one before. Proofs are certified but not
    shortened. On an interruption the arms that are finished are reported, or the first as far as it came.
    """
    config = replace(config or RoundConfig(), minimize_steps=0)
    stop = stop or threading.Event()
    rounds: list[RoundRecord] = []

    def started() -> Iterator[Job]:
        """The arms as the crew comes to them: one that nobody came to leaves no round."""
        for arm in arms:
            start = partial(
                corpus.start_round,
                run=run,
                generation_id=arm.generation_id,
                benchmark=benchmark,
                split=split,
                stratum=stratum,
                arm=arm.name,
                kind=RoundKind.EVAL,
                seed=seed,
                selection=theorems,
            )
            round = start(config=arm.described)
            if {one.theorem for one in outcomes(corpus, round)} != set(theorems):  # it was tried on others before
                round = start(config={**arm.described, "selection": digest(sorted(theorems))})
            rounds.append(round)
            phase = Phase(arm.policy, arm.budget, arm.search, arm.source)
            plan = Plan(phase, arm.budgets, lending=arm.lending)
            yield Job(round, plan, _named(on_progress, arm.name))

    summaries = run_rounds(corpus, started(), crew, verify, config, stop=stop)
    whole = sum(1 for _ in takewhile(lambda summary: not summary.pending, summaries)) if stop.is_set() else len(rounds)
    found = [(arm, outcomes(corpus, round)) for arm, round in zip(arms, rounds[: max(1, whole)], strict=False)]
    return gather(
        found,
        benchmark=benchmark,
        split=split,
        stratum=stratum,
        seed=seed,
        test_evaluations=count_test_evaluations(corpus),
        interrupted=stop.is_set(),
    )


def gather(found: Sequence[tuple[Arm, Sequence[TheoremOutcome]]], **about: Any) -> Evaluation:
    """An Evaluation from each arm's outcomes; `about` are its remaining fields."""
    answered = [{o.theorem for o in outcomes if _has_verdict(o)} for _, outcomes in found]
    common = set.intersection(*answered) if answered else set()
    asked = {o.theorem for _, outcomes in found for o in outcomes}
    results = tuple(
        ArmResult(arm.name, arm.budget, {o.theorem: o for o in outcomes if o.theorem in common}, arm.budgets)
        for arm, outcomes in found
    )
    return Evaluation(arms=results, unanswered=len(asked - common), **about)


def _named(callback: Callable[[str, Progress], None] | None, arm: str) -> Callable[[Progress], None] | None:
    return None if callback is None else lambda progress: callback(arm, progress)


def _has_verdict(outcome: TheoremOutcome) -> bool:
    return outcome.status is not None and outcome.status is not AttemptStatus.ERROR


def _row(arm: ArmResult, marks: Sequence[int]) -> Row:
    n = len(arm.outcomes)
    outcomes = arm.outcomes.values()
    within = {mark: arm.solved_within(mark) for mark in SECOND_MARKS}
    solved = len(arm.solved)
    return Row(
        arm=arm.name,
        theorems=n,
        solved_at={mark: len(arm.solved_at(mark)) if mark <= arm.budget.steps else None for mark in marks},
        solved_within={mark: None if names is None else len(names) for mark, names in within.items()},
        solved=solved,
        rate=solved / n if n else 0.0,
        interval=bootstrap_interval([float(name in arm.solved) for name in arm.outcomes]),
        steps=sum(o.steps for o in outcomes),
        seconds=arm.seconds,
        lean_seconds=sum(o.lean_seconds for o in outcomes),
        model_seconds=sum(o.model_seconds for o in outcomes),
        wall_limit_hits=sum(o.wall_limit_hits for o in outcomes),
    )


def _compare(a: ArmResult, b: ArmResult, at: str, solved_a: frozenset[str], solved_b: frozenset[str]) -> Comparison:
    differences = [float(name in solved_a) - float(name in solved_b) for name in a.outcomes]
    wins, losses = len(solved_a - solved_b), len(solved_b - solved_a)
    return Comparison(
        arm=a.name,
        other=b.name,
        at=at,
        wins=wins,
        losses=losses,
        union=len(solved_a | solved_b),
        difference=sum(differences) / max(1, len(differences)),
        interval=bootstrap_interval(differences),
        p=sign_test(wins, losses),
    )
