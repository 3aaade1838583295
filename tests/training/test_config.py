"""The configuration: file, environment and flags in rising order; nothing unknown passes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from prover.search.and_or import AndOr
from prover.search.best_first import BestFirst
from training.config import ConfigError, FlywheelConfig
from training.experiments.demo.subset import SUBSETS, Subset


@pytest.fixture
def toml(tmp_path: Path):
    def write(text: str) -> Path:
        file = tmp_path / "flywheel.toml"
        file.write_text(text, encoding="utf-8")
        return file

    return write


def test_flags_beat_environment_beats_file_beats_defaults(toml, monkeypatch: pytest.MonkeyPatch) -> None:
    file = toml("generations = 7\nseed = 1\n[round]\ntheorems = 11\nsteps = 12\nnoise = 0.1\n")
    monkeypatch.setenv("FLYWHEEL_ROUND__STEPS", "99")
    monkeypatch.setenv("FLYWHEEL_SEED", "2")
    config = FlywheelConfig.load(file, seed=3, round__noise=0.25, name=None)
    assert (config.generations, config.seed, config.name) == (7, 3, "flywheel")
    assert (config.round.theorems, config.round.steps, config.round.noise) == (11, 99, 0.25)
    assert config.round.portfolio_share == FlywheelConfig.load().round.portfolio_share


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("genrations = 3\n", "genrations"),
        ("[round]\nthoerems = 3\n", "round.thoerems"),
        ("generations = 'many'\n", "generations"),
        ("[evaluation]\nsplit = 'train'\n", "evaluation.split"),
        ("generations = \n", "TOML"),
        (
            'benchmark = "lean-logic"\nrungs = 4\n',
            "rungs: lean-logic has none, lean-logic-rungs and lean-logic-low have",
        ),
    ],
)
def test_a_bad_file_is_refused_by_name(toml, text: str, named: str) -> None:
    with pytest.raises(ConfigError, match=named):
        FlywheelConfig.load(toml(text))


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such configuration file"):
        FlywheelConfig.load(tmp_path / "absent.toml")


def test_steps_by_effort_are_stored_only_where_they_are_in_use() -> None:
    plain, grown = FlywheelConfig.load(), FlywheelConfig.load(round__steps_per_effort=4, evaluation__steps_per_effort=2)
    assert not {"steps_per_effort"} & {*plain.stored()["round"], *plain.stored()["evaluation"]}
    assert grown.stored()["round"]["steps_per_effort"] == 4.0 and grown.digest() != plain.digest()
    assert FlywheelConfig.load(started=json.loads(json.dumps(grown.stored()))).stored() == grown.stored()


def test_the_digest_covers_what_results_depend_on_and_nothing_else() -> None:
    base = FlywheelConfig.load()
    assert base.digest() == FlywheelConfig.load(workers=7, name="other", generations=9).digest()
    assert base.digest() != FlywheelConfig.load(round__steps=33).digest()


@pytest.mark.parametrize("subset", SUBSETS.values(), ids=SUBSETS.keys())
def test_the_demo_settings_are_valid_and_measure_on_valid(subset: Subset) -> None:
    logic, core = subset.settings()
    assert (logic.benchmark, core.benchmark) == ("lean-logic", "lean-core")
    for demo in (logic, core):
        assert demo.evaluation.split == "valid" and demo.generations >= 1


def test_a_benchmark_brings_its_preset_and_everything_overrides_it(tmp_path: Path) -> None:
    preset = FlywheelConfig.load(None, benchmark="lean-logic")
    assert preset.evaluation.strata == ("same-size", "beyond") and not preset.seed_proofs
    assert FlywheelConfig.load(None).evaluation.strata == ("hard",)
    file = tmp_path / "mine.toml"
    file.write_text('benchmark = "lean-logic"\nseed_proofs = true\n[round]\nsteps = 7\n', encoding="utf-8")
    mine = FlywheelConfig.load(file, generations=2)
    assert mine.seed_proofs and mine.round.steps == 7 and mine.generations == 2
    assert mine.round.again == preset.round.again, "what the file does not say comes from the preset"


def test_a_run_that_is_there_brings_what_it_was_started_with(toml, monkeypatch: pytest.MonkeyPatch) -> None:
    file = toml('benchmark = "lean-logic"\nname = "first"\ngenerations = 7\n[round]\nsteps = 12\n[train]\nepochs = 3\n')
    first = FlywheelConfig.load(file, library="snapshot")
    again = FlywheelConfig.load(started=json.loads(json.dumps(first.stored())), name="first")
    assert again.stored() == first.stored()
    assert FlywheelConfig.load(started=first.stored() | {"gone": 1}, generations=9).generations == 9, "an older field"
    monkeypatch.setenv("FLYWHEEL_ROUND__STEPS", "99")
    changed = FlywheelConfig.load(started=first.stored())
    assert (changed.round.steps, changed.round.theorems) == (99, first.round.theorems)


def test_another_search_is_another_result_and_best_first_is_described_as_ever() -> None:
    base, other = FlywheelConfig.load(), FlywheelConfig.load(search__kind="andor", search__exploration=0.5)
    assert base.stored()["search"].keys() == {"alpha", "edges_per_state", "max_depth", "max_state_chars", "max_goals"}
    assert base.digest() != other.digest() and other.stored()["search"]["exploration"] == 0.5
    assert isinstance(base.search.as_search(), BestFirst) and isinstance(other.search.as_search(), AndOr)
    with pytest.raises(ConfigError, match=r"search\.kind"):
        FlywheelConfig.load(search__kind="breadth-first")


def test_a_search_with_other_fields_says_what_differs():
    base = FlywheelConfig.load().search
    other = base.changed({"kind": "andor", "invertible": "true", "value": "0.1"})
    assert (other.kind, other.invertible, other.value) == ("andor", True, 0.1)
    assert other.beside(base) == "andor, invertible, value=0.1" and base.changed({}) == base
    assert base.changed({"kind": "andor"}).beside(base) == "andor"
    for wrong in ({"invertibel": "true"}, {"max_depth": "deep"}, {"kind": "worst-first"}):
        with pytest.raises(ConfigError, match=next(iter(wrong))):
            base.changed(wrong)


def test_closed_goals_are_stored_only_where_they_are_in_use():
    asked = FlywheelConfig.load(None, round__closed_goals=4, search__kind="andor")
    unasked = FlywheelConfig.load(None, search__kind="andor")
    assert asked.digest() != unasked.digest() and "closed_goals" not in unasked.stored()["round"]


def test_a_value_needs_a_head_that_knows_it():
    with pytest.raises(ConfigError, match="value_bins = 64"):
        FlywheelConfig.load(search__value=0.1)
    assert FlywheelConfig.load(search__value=0.1, train__model__value_bins=64).search.as_search().value == 0.1
    assert "value" not in FlywheelConfig.load().stored()["search"]
