"""The configuration of one flywheel: a frozen model built from TOML, environment variables and flags, in rising order.

    FlywheelConfig.load(Path("flywheel.toml"), generations=4)

Environment variables are `FLYWHEEL_<FIELD>`, nested with two underscores (`FLYWHEEL_SEARCH__EDGES_PER_STATE=30`).
Unknown keys are refused. The resolved copy is stored with every round and generation.
"""

from __future__ import annotations

import hashlib
import json
import os
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    NonNegativeInt,
    PositiveInt,
    Tag,
    ValidationError,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)

from lean_env.limits import Limits
from prover.search.closed import MOST_GOALS
from prover.search.contract import Search
from prover.search.kinds import SearchKind, StepSearch, search_of
from prover.search.whole import WholeProofs
from training.health_config import HealthSettings, RemedySettings
from training.trainers.ranker_config import TrainConfig
from training.trainers.text_config import TextConfig

#: Benchmarks whose statements are in rungs.
IN_RUNGS = ("lean-logic-rungs", "lean-logic-low")
#: What changes no result: a run goes on with other values of these, and they are not stored with it.
BESIDE_RESULTS = frozenset({"workers", "trees", "device"})


def kind(given: Any) -> str:
    """What `[train]` asks for; the ranker unless it says otherwise."""
    return str(given.get("kind", "ranker") if isinstance(given, dict) else given.kind)


#: What a run's models are, by the `kind` in `[train]`.
Train = Annotated[
    Annotated[TrainConfig, Tag("ranker")] | Annotated[TextConfig, Tag("text")],
    Discriminator(kind),
]


def _listed(given: Any) -> Any:
    """Several in one text, as the command line has them: `rfl,simp_all`."""
    return tuple(word.strip() for word in given.split(",") if word.strip()) if isinstance(given, str) else given


def _shown(value: Any) -> str:
    return "+".join(value) if isinstance(value, tuple) else str(value)


class ConfigError(ValueError):
    """A configuration that cannot be used; the text names each key and what is wrong with it."""


class SearchSettings(BaseModel):
    """How an attempt searches: which search, and the fields of it that a run may change."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: SearchKind = Field(
        "best-first", description="andor: each goal by itself; samples: none, whole proofs are drawn"
    )
    alpha: float = Field(0.5, ge=0, le=2, description="exponent of the length normalisation")
    edges_per_state: PositiveInt = Field(40, description="proposals of a state that enter the queue")
    max_depth: PositiveInt = 12
    max_state_chars: PositiveInt = Field(6000, description="states that print longer are not searched from")
    max_goals: PositiveInt = Field(12, description="nor those with more goals")
    invertible: bool = Field(
        False,
        exclude_if=lambda value: not value,
        description="a step that loses nothing (intro, halves of ∧, cases of ∧ and ∃, subst) closes its alternatives",
    )
    value: float = Field(
        0.0,
        ge=0,
        exclude_if=lambda value: not value,
        description="nats that a step still to be done counts for, as the value head expects (train.model.value_bins)",
    )
    solvers: Annotated[tuple[str, ...], BeforeValidator(_listed)] = Field(
        (),
        exclude_if=lambda value: not value,
        description="cheap closers that are run first on each new goal, a step of the budget each: forms without slots "
        "of the benchmark's own (rfl, simp, omega); not with kind = samples",
    )
    exploration: float = Field(0.0, ge=0, description="andor: c of PUCT")
    widening: float = Field(0.0, ge=0, description="andor: moves of a goal visited N times, in N^0.6; 0: any number")
    leaves: PositiveInt = Field(
        1,
        exclude_if=lambda value: value == 1,
        description="andor: so many goals are chosen before their tactics run; the model is asked about all at once",
    )

    def changed(self, changes: Mapping[str, Any]) -> SearchSettings:
        """With other values of some fields, given as they are or as text. Raises ConfigError."""
        try:
            return SearchSettings.model_validate({**self.model_dump(), **changes})
        except ValidationError as error:
            raise ConfigError(f"search: {_problems(error)}; it has {', '.join(SearchSettings.model_fields)}") from error

    def beside(self, others: SearchSettings) -> str:
        """Its kind, and what else differs from `others`: `andor, invertible, value=0.1`."""
        differs = {name: value for name, value in self.model_dump().items() if getattr(others, name) != value}
        differs.pop("kind", None)
        return ", ".join(
            [self.kind, *(name if value is True else f"{name}={_shown(value)}" for name, value in differs.items())]
        )

    def as_search(self) -> StepSearch:
        """With everything else as it comes."""
        return search_of(**self.model_dump())

    def stored(self) -> dict[str, Any]:
        """What it depends on: without what only the other search has, as runs were described before there was one."""
        others = set() if self.kind == "andor" else {"exploration", "widening", "leaves"}
        if self.kind == "best-first":
            others.add("kind")
        return self.model_dump(mode="json", exclude=others)


def _steps_per_effort() -> Any:
    """The field, which is stored only where it is in use, so that runs from before there was one go on."""
    return Field(
        0.0,
        ge=0,
        exclude_if=lambda factor: not factor,
        description="a graded theorem gets so many steps for each of its effort, if that is more (lean-logic-rungs)",
    )


class RoundSettings(BaseModel):
    """One round over train theorems."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    theorems: PositiveInt = Field(400, description="attempts in a round")
    steps: PositiveInt = Field(32, description="tactic steps an attempt")
    steps_per_effort: float = _steps_per_effort()
    noise: float = Field(0.3, ge=0, description="scale of the Gumbel noise in the priority")
    temperature: float = Field(
        1.0, gt=0, exclude_if=lambda value: value == 1, description="of the policy; below 1 it repeats what it prefers"
    )
    template_noise: float = Field(0.0, ge=0, description="the same, drawn once for all tactics of a template")
    template_floor: float = Field(
        0.0, ge=0, le=1, description="share of states in which a template, whichever, has its best tactic tried first"
    )
    portfolio_share: float = Field(0.2, ge=0, le=1, description="share of attempts given to portfolio search instead")
    prior: float = Field(0.1, ge=0, lt=1, description="weight of the portfolio prior mixed into the policy")
    cost_discount: float = Field(0.2, ge=0, description="nats a factor e of a template's milliseconds costs")
    frontier: NonNegativeInt = Field(
        0, description="attempts at each rung that say where the others go; 0: no rung is looked at (lean-logic-rungs)"
    )
    again: float = Field(0.05, ge=0, le=1, description="a proved theorem's chance to be tried for another proof")
    closed_goals: int = Field(
        0,
        ge=0,
        le=MOST_GOALS,
        exclude_if=lambda value: not value,
        description="of each failed attempt so many goals that it closed, at most, become theorems: stated, certified, "
        "learned from; with search.kind = andor",
    )
    known: float = Field(
        0.0,
        ge=0,
        le=1,
        exclude_if=lambda value: not value,
        description="the share of a round's theorems that have a proof already, if there are so many; what is learned "
        "from accepted beside refused samples (preferences, rewards) needs theorems that a model solves now and then",
    )
    growth: float = Field(1.5, ge=1, description="factor on a theorem's steps for each attempt that failed")
    disproofs: NonNegativeInt = Field(
        0, description="attempts to disprove false statements; their proofs are learned from"
    )
    canaries: NonNegativeInt = Field(10, description="false statements searched beside the round; none may be accepted")


class EvaluationSettings(BaseModel):
    """What is measured after each generation, on theorems that no training example touches."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    split: str = Field("valid", pattern="^(valid|test)$")
    strata: tuple[str, ...] = Field(("hard",), min_length=1, description="each evaluated by itself; `all`: all as one")
    theorems: PositiveInt = Field(200, description="of each stratum")
    steps: PositiveInt = Field(64, description="tactic steps an attempt; solved counts at smaller budgets come with it")
    steps_per_effort: float = _steps_per_effort()
    prior: float = Field(0.0, ge=0, lt=1)
    cost_discount: float = Field(0.0, ge=0)
    whole_budget: bool = Field(
        False, description="at the end also M_0 with all steps that the run's rounds took, and M_n with as many"
    )


class TreeSettings(BaseModel):
    """Which attempts keep their search tree for `flywheel serve`: a share, drawn by seed and theorem."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    evaluation: float = Field(1.0, ge=0, le=1, description="share of evaluation attempts, canaries among them")
    training: float = Field(0.05, ge=0, le=1, description="share of the attempts of training rounds")


class FlywheelConfig(BaseSettings):
    """Everything that a run depends on, besides the library and the code."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        env_prefix="FLYWHEEL_",
        env_nested_delimiter="__",
        nested_model_default_partial_update=True,
    )

    name: str = Field("flywheel", pattern=r"^[A-Za-z0-9._-]{1,64}$", description="the run's name in the corpus")
    benchmark: str = "lean-core"
    generations: NonNegativeInt = Field(3, description="generations after M_0")
    seed: int = 0
    retrain: bool = Field(True, description="false: every round searches with M_0, the frozen twin")
    seed_proofs: bool = Field(True, description="whether hand-written proofs join round 0")
    human: tuple[str, ...] = Field((), description="benchmarks loaded with --human, whose steps are trained on, too")
    easy_theorems: NonNegativeInt = Field(400, description="easy train theorems whose one-tactic proofs join round 0")
    rungs: NonNegativeInt = Field(
        0,
        exclude_if=lambda value: not value,
        description="of graded statements those of the lowest so many rungs, in rounds and evaluations; 0: all "
        "(lean-logic-rungs)",
    )
    environments: NonNegativeInt = Field(
        0,
        exclude_if=lambda value: not value,
        description="theorems of the so many environments with most held-out ones, everywhere in the run; 0: of all",
    )
    grammar_theorems: PositiveInt = Field(250, description="train theorems that the grammar tries in round 0")
    grammar_steps: NonNegativeInt = Field(0, description="tactic steps of each of these attempts; 0: as in a round")
    heartbeats: PositiveInt = Field(20_000, description="Lean's allocation limit for one tactic, in thousands")
    soft_ms: PositiveInt = Field(5_000, description="wall-clock net for one tactic; each hit is counted")
    workers: PositiveInt = Field(
        default_factory=lambda: max(1, os.cpu_count() or 1), description="Lean workers that search"
    )
    continued: bool = Field(
        False,
        exclude_if=lambda value: not value,
        description="generations go on from the weights of the one before, not from base",
    )
    last_round: bool = Field(
        False,
        exclude_if=lambda value: not value,
        description="generations after M_0 learn from their last round alone, not from the run's whole corpus",
    )
    sources: tuple[str, ...] = Field(
        (),
        exclude_if=lambda value: not value,
        description="sources of proofs that generations after M_0 learn from (policy, grammar, seed, ...); (): all",
    )
    unverified: float = Field(
        0.0,
        ge=0,
        le=1,
        exclude_if=lambda value: not value,
        description="EXPERIMENTS ONLY: generations after M_0 learn what the model gave this probability or more in its "
        "rounds, whether Lean accepted it or not, in place of its proofs; 0: never",
    )
    recipe: str = Field(
        "expert-iteration",
        exclude_if=lambda value: value == "expert-iteration",
        description="how a generation is made (docs/RECIPES.md)",
    )
    without: tuple[str, ...] = Field(
        (), exclude_if=lambda value: not value, description="steps of the recipe that are left out, for comparison"
    )
    library: Literal["none", "snapshot"] = Field(
        "none",
        description="snapshot: what the model's snapshot proves may be borrowed where the imports are the same",
    )
    search: SearchSettings = SearchSettings()
    round: RoundSettings = RoundSettings()
    evaluation: EvaluationSettings = EvaluationSettings()
    trees: TreeSettings = TreeSettings()
    health: HealthSettings = Field(HealthSettings(), exclude_if=lambda value: value == HealthSettings())
    device: str = Field("cpu", description="where a language model runs and is trained: cpu, cuda, mps")
    train: Train = TrainConfig()

    @classmethod
    def load(
        cls,
        file: Path | None = None,
        *,
        started: Mapping[str, Any] | None = None,
        contents: Mapping[str, Any] | None = None,
        **flags: Any,
    ) -> FlywheelConfig:
        """The benchmark's preset (training/presets), overridden by `file` (TOML), overridden by the environment,
        overridden by `flags` that are not None. `started`: what a run was started with, in place of preset and file.
        `contents`: what a file would say, in place of one.

        Nested flags use two underscores (`round__theorems=100`). Raises ConfigError.
        """
        if file is not None and not file.is_file():
            raise ConfigError(f"no such configuration file: {file}")

        presets: list[dict[str, Any]] = []

        class WithFile(cls):  # type: ignore[valid-type,misc]
            @classmethod
            def settings_customise_sources(
                cls,
                settings_cls: type[BaseSettings],
                init_settings: PydanticBaseSettingsSource,
                env_settings: PydanticBaseSettingsSource,
                dotenv_settings: PydanticBaseSettingsSource,
                file_secret_settings: PydanticBaseSettingsSource,
            ) -> tuple[PydanticBaseSettingsSource, ...]:
                if started is not None:
                    known = {name: value for name, value in started.items() if name in cls.model_fields}
                    return init_settings, env_settings, InitSettingsSource(settings_cls, init_kwargs=known)
                own: PydanticBaseSettingsSource = TomlConfigSettingsSource(settings_cls, toml_file=file)
                if contents is not None:
                    own = InitSettingsSource(settings_cls, init_kwargs=dict(contents))
                last = (InitSettingsSource(settings_cls, init_kwargs=preset) for preset in presets)
                return init_settings, env_settings, own, *last

        given: dict[str, Any] = {}
        for key, value in flags.items():
            if value is not None:
                *groups, last = key.split("__")
                place = given
                for group in groups:
                    place = place.setdefault(group, {})
                place[last] = value
        try:
            first = WithFile(**given)
            presets = _presets(first.benchmark, first.train.kind)
            return cls.model_construct(**dict(WithFile(**given)))
        except tomllib.TOMLDecodeError as error:
            raise ConfigError(f"{file} is not TOML: {error}") from error
        except (SettingsError, ValidationError) as error:
            raise ConfigError(f"configuration{f' {file}' if file else ''}: {_problems(error)}") from error

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        remedies = {getattr(self.health.remedies, name) for name in RemedySettings.model_fields}
        if remedies & {"restart", "average"} and not self.continued:
            raise ValueError(
                "health.remedies: `restart` and `average` are for runs with `continued = true`; others start each "
                "generation from base anyway"
            )
        if remedies & {"temperature", "seeds", "average"} and self.train.kind != "ranker":
            raise ValueError("health.remedies: `temperature`, `seeds` and `average` are for the ranker")
        if self.round.temperature != 1 and self.train.kind != "ranker":
            raise ValueError("round.temperature is the ranker's; a language model has `temperature` in [train]")
        if self.search.value and not (isinstance(self.train, TrainConfig) and self.train.model.value_bins):
            raise ValueError("search.value needs a ranker with a value head: train.model.value_bins = 64")
        if self.rungs and self.benchmark not in IN_RUNGS:
            raise ValueError(f"rungs: {self.benchmark} has none, {' and '.join(IN_RUNGS)} have")
        if self.search.solvers and self.search.kind == "samples":
            raise ValueError("search.solvers: samples are drawn, not searched; leave one of the two out")
        if self.unverified and self.trees.training < 1:
            raise ValueError("unverified: it reads the search trees of all attempts, so trees.training must be 1")
        return self

    @property
    def writes_proofs(self) -> bool:
        """Whether its models write whole proofs, which are run, in place of tactics to search with."""
        return isinstance(self.train, TextConfig) and self.train.writes == "proof"

    def models_search(self, noise: float = 0.0) -> Search:
        """How its models search; what those that write whole proofs have written is run."""
        return WholeProofs() if self.writes_proofs else replace(self.search.as_search(), noise=noise)

    @property
    def limits(self) -> Limits:
        """What one tactic may use."""
        return Limits(heartbeats=self.heartbeats, soft_ms=self.soft_ms)

    def stored(self) -> dict[str, Any]:
        """What is stored of it: without what changes no result, and without a library where there is none, as runs
        were described before there was one."""
        without = {"library"} if self.library == "none" else set()
        return self.model_dump(mode="json", exclude=without | BESIDE_RESULTS) | {"search": self.search.stored()}

    def digest(self) -> str:
        """SHA-256 of everything that results depend on. Workers and kept search trees are not among it, nor is how many
        generations follow."""
        values = {key: value for key, value in self.stored().items() if key not in ("name", "generations")}
        return hashlib.sha256(json.dumps(values, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _presets(benchmark: str, kind: str) -> list[dict[str, Any]]:
    """The settings that a benchmark needs unless somebody says otherwise, and after them those of the benchmark that it
    is `like`, which they override. Those of training are the ranker's."""
    path = Path(__file__).parent / "presets" / f"{benchmark}.toml"
    if not path.is_file():
        return []
    settings = tomllib.loads(path.read_text(encoding="utf-8"))
    like = settings.pop("like", None)
    own = settings if kind == "ranker" else {key: value for key, value in settings.items() if key != "train"}
    return [own, *(_presets(like, kind) if like else [])]


def _problems(error: Exception) -> str:
    if isinstance(error, ValidationError):
        return "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors())
    return str(error)
