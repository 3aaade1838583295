"""Who searches in rounds and who competes in evaluations: policies with their budgets and searches."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Any

from prover.actions.space import ActionSpace
from prover.evaluation.evaluate import AT_WHOLE_BUDGET, BY, Arm, portfolio_1
from prover.lean import Lean
from prover.policies.grammar import GrammarPolicy
from prover.policies.portfolio import PORTFOLIO_EDGES, PortfolioPolicy
from prover.policy import Policy
from prover.rounds.attempt import Phase
from prover.rounds.lending import Lending
from prover.rounds.plan import Plan
from prover.search.budget import Budget
from prover.search.kinds import StepSearch
from prover.search.whole import WholeProofs
from training.config import ConfigError, EvaluationSettings, FlywheelConfig, RoundSettings, SearchSettings

#: What an attempt may use beside tactic steps. The wall clock is a net: 30 s a step would be 60 times the mean.
_WALL_SECONDS_PER_STEP = 10.0


@dataclass(frozen=True, slots=True)
class Model:
    """A generation that can be asked."""

    policy: Policy
    options: Mapping[str, Any]
    #: Of the generation in the corpus; None for a policy from elsewhere.
    generation_id: int | None


#: M_number with the prior and the discount of these settings.
LoadModel = Callable[[int, RoundSettings | EvaluationSettings], Model]


def budget_of(steps: int) -> Budget:
    """A budget of so many tactic steps."""
    return Budget(steps, wall_seconds=steps * _WALL_SECONDS_PER_STEP)


def of_these(arms: Sequence[Arm], patterns: Sequence[str]) -> list[Arm]:
    """The arms whose name is one of `patterns` or fits it (`portfolio*`); all where there is none. Raises ConfigError
    for a pattern that none fits."""
    for pattern in patterns:
        if not any(fnmatchcase(arm.name, pattern) for arm in arms):
            raise ConfigError(f"no arm is called {pattern!r}; there are {', '.join(arm.name for arm in arms)}")
    return [arm for arm in arms if not patterns or any(fnmatchcase(arm.name, pattern) for pattern in patterns)]


@dataclass(frozen=True, slots=True)
class Arms:
    """Everything that proves in a run of `config`. `actions` is what its models choose from."""

    lean: Lean
    actions: ActionSpace
    config: FlywheelConfig
    load: LoadModel
    #: What theorems may borrow of M_number's snapshot; None where the run has no library.
    lending: Callable[[int], Lending | None] = lambda _number: None

    def __post_init__(self) -> None:
        self._require(self.config.search)
        if self.config.round.closed_goals and self.config.search.kind != "andor":
            raise ConfigError("round.closed_goals: only AND/OR search closes goals by themselves; search.kind = andor")

    def _require(self, search: SearchSettings) -> None:
        """Raises ConfigError for a solver that the benchmark's repertoire does not have as it stands."""
        have = [
            one.form for one in self.actions.repertoire.templates if one.form and not one.slots and "{" not in one.form
        ]
        for tactic in search.solvers:
            if tactic not in have:
                raise ConfigError(
                    f"search.solvers: {self.actions.repertoire.name} has no form {tactic!r} without slots; it has "
                    f"{', '.join(have) or 'none'}"
                )

    # --- rounds -----------------------------------------------------------------------------------------------------

    def automation(self) -> Plan:
        """portfolio-1 on the easy theorems of round 0."""
        arm = portfolio_1()
        return Plan(Phase(arm.policy, arm.budget, arm.search, arm.source))

    def grammar(self) -> Plan:
        """The stochastic grammar on those that later rounds search."""
        policy, steps = GrammarPolicy(self.actions), self.config.grammar_steps or self.config.round.steps
        return Plan(Phase(policy, budget_of(steps), self._search(), "grammar"))

    def round(self, number: int, temperature: float | None = None) -> tuple[Plan, Model]:
        """M_number with a round's noise. Portfolio search takes a share of the theorems, if the settings say so.
        `temperature`: in place of that of the settings."""
        settings = self.config.round
        if temperature is not None:
            settings = settings.model_copy(update={"temperature": temperature})
        model, budget = self.load(number, settings), budget_of(settings.steps)
        search = WholeProofs(every=True, draws=1) if self.config.writes_proofs else self._noisy_search()
        plan = Plan(Phase(model.policy, budget, search))
        if settings.portfolio_share:
            policy = PortfolioPolicy(self.lean.actions)
            portfolio = Phase(policy, budget, self._wide_search(), "portfolio")
            plan = replace(plan, portfolio=portfolio, portfolio_share=settings.portfolio_share)
        return plan, model

    def guest_round(self, policy: Policy) -> Plan:
        """A policy from elsewhere with a round's noise."""
        return Plan(Phase(policy, budget_of(self.config.round.steps), self._noisy_search()))

    # --- evaluations ------------------------------------------------------------------------------------------------

    def evaluation(self, numbers: Iterable[int], baselines: bool = True) -> list[Arm]:
        """These generations beside M_0 and, as `baselines`, grammar, portfolio-1 and portfolio search.

        Arms without a model, and M_0, run once: later evaluations of the run read their rows.
        """
        budget, search = budget_of(self.config.evaluation.steps), self._search()
        numbers = sorted({0, *numbers})
        grammar = Arm("grammar", GrammarPolicy(self.actions), budget, search, source="grammar")
        return [
            *([portfolio_1(), grammar, self.portfolio()] if baselines else []),
            *(self._generation(n, f"M_{n}", budget) for n in numbers),
            *self._with_lemmas_of(numbers[-1], budget),
        ]

    def portfolio(self) -> Arm:
        """Portfolio search."""
        budget = budget_of(self.config.evaluation.steps)
        return Arm("portfolio", PortfolioPolicy(self.lean.actions), budget, self._wide_search(), source="portfolio")

    def _with_lemmas_of(self, number: int, budget: Budget) -> list[Arm]:
        """With M_number's library: M_0, which tells what the network learned from what the lemmas give, and portfolio
        search. None without a library."""
        lending, name = self.lending(number), f"with M_{number}'s lemmas"
        if lending is None:
            return []
        policy, search = PortfolioPolicy(self.lean.actions), self._wide_search()
        portfolio = Arm(f"portfolio {name}", policy, budget, search, source="portfolio", lending=lending)
        if number == 0:
            return [portfolio]
        return [replace(self._generation(0, f"M_0 {name}", budget), lending=lending), portfolio]

    def whole_budget(self, searched: int, number: int) -> list[Arm]:
        """M_0 with what the loop had in all: the `searched` steps of its rounds, shared out evenly over the held-out
        theorems, on top of an attempt's own. Beside it M_number with as many: the one says whether searching longer
        would have been worth more than the loop, the other whether what was learned still counts there."""
        settings = self.config.evaluation
        theorems = settings.theorems * len(settings.strata)
        steps = settings.steps + -(-searched // theorems)
        return [self._generation(n, f"M_{n}{AT_WHOLE_BUDGET}", budget_of(steps)) for n in sorted({0, number})]

    def guest(self, policy: Policy, beside: int | None = None) -> Arm:
        """A policy from elsewhere. It may borrow what M_`beside` may."""
        about = getattr(policy, "settings", {})
        lending = None if beside is None else self.lending(beside)
        budget = budget_of(self.config.evaluation.steps)
        return Arm(policy.name, policy, budget, self._search(), settings=about, lending=lending)

    def otherwise(self, number: int, search: SearchSettings) -> Arm:
        """M_number with another search than the run's, and all else the same. Raises ConfigError where a model writes
        whole proofs: there is nothing to search."""
        if self.config.writes_proofs:
            raise ConfigError("a model that writes whole proofs is not searched with: leave --search out")
        self._require(search)
        name = f"M_{number}{BY}{search.beside(self.config.search)}"
        arm = self._generation(number, name, budget_of(self.config.evaluation.steps))
        return replace(arm, search=search.as_search())

    def _generation(self, number: int, name: str, budget: Budget) -> Arm:
        model = self.load(number, self.config.evaluation)
        return Arm(
            name,
            model.policy,
            budget,
            self.config.models_search(),
            generation_id=model.generation_id,
            settings=model.options,
            lending=self.lending(number),
        )

    def _search(self, noise: float = 0.0) -> StepSearch:
        return replace(self.config.search.as_search(), noise=noise)

    def _noisy_search(self) -> StepSearch:
        settings = self.config.round
        return replace(
            self._search(settings.noise),
            template_noise=settings.template_noise,
            template_floor=settings.template_floor,
        )

    def _wide_search(self) -> StepSearch:
        return replace(self._search(), edges_per_state=PORTFOLIO_EDGES)
