"""Alarms at their limits, and what follows from them: nothing unless asked for."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from corpus.health import FIGURES, Alarm, Health, health_of
from corpus.records import GenerationRecord
from training.config import ConfigError, FlywheelConfig
from training.health.rules import Treatment, alarms, treatment
from training.health_config import AlarmSettings, HealthSettings

BASE: dict[str, float | None] = {
    **dict.fromkeys(FIGURES),
    "pass@1": 0.4,
    "slope": 0.05,
    "entropy": 2.0,
    "one_opening": 0.5,
    "overconfidence": 0.1,
    "seed_log_likelihood": -1.0,
    "seed_solved": 0.8,
    "lost_share": 0.1,
    "drift": 0.5,
    "round_duplicates": 0.2,
}

GENERATION = GenerationRecord(
    1, "r", 0, None, None, "recipe", {}, "", {}, {}, None, None, {}, datetime(2026, 1, 1, tzinfo=UTC), None
)


@pytest.mark.parametrize(
    ("figure", "within", "past", "failure"),
    [
        ("one_opening", 0.9, 0.91, "collapse"),
        ("slope", 0.01, 0.009, "collapse"),
        ("entropy", 0.301, 0.299, "collapse"),
        ("overconfidence", 0.199, 0.201, "overconfidence"),
        ("seed_log_likelihood", -2.0, -2.01, "forgetting"),
        ("seed_solved", 0.51, 0.49, "forgetting"),
        ("lost_share", 0.3, 0.31, "forgetting"),
        ("drift", 3.0, 3.01, "drift"),
        ("round_duplicates", 0.9, 0.91, "duplicates"),
    ],
)
def test_each_figure_is_an_alarm_past_its_limit_and_not_at_it(
    figure: str, within: float, past: float, failure: str
) -> None:
    limits = AlarmSettings()
    assert alarms({**BASE, figure: within}, BASE, limits) == ()
    (found,) = alarms({**BASE, figure: past}, BASE, limits)
    assert (found.failure == failure and "limit" in found.text) or "under" in found.text


def test_one_opening_is_no_alarm_where_m_0_has_it_already() -> None:
    alike = {**BASE, "one_opening": 1.0}
    assert alarms(alike, alike, AlarmSettings()) == ()
    assert [one.failure for one in alarms(alike, {**BASE, "one_opening": None}, AlarmSettings())] == ["collapse"]


def test_a_level_pass_at_k_is_no_alarm_where_nothing_or_nearly_everything_is_solved() -> None:
    for first in (0.0, 0.95):
        assert alarms({**BASE, "pass@1": first, "slope": 0.0}, BASE, AlarmSettings()) == ()


def test_what_was_not_measured_is_no_alarm() -> None:
    nothing = dict.fromkeys(FIGURES)
    assert alarms(nothing, nothing, AlarmSettings()) == () and alarms(nothing, BASE, AlarmSettings()) == ()
    assert alarms(BASE, nothing, AlarmSettings()) == ()


def examined(*failures: str, solved: int = 0) -> Health:
    return Health({}, {"solved": solved}, tuple(Alarm(failure, f"{failure} it is") for failure in failures))


def test_nothing_is_done_unless_asked_for() -> None:
    assert treatment(HealthSettings(), [examined("collapse", "forgetting", "drift")]) == Treatment()
    assert not HealthSettings().acts and treatment(HealthSettings(), []) == Treatment()


def test_remedies_are_those_of_the_newest_alarms_with_their_reasons() -> None:
    asked = {"collapse": "temperature", "forgetting": "seeds", "drift": "average", "overconfidence": "restart"}
    settings = HealthSettings.model_validate({"remedies": asked, "temperature": 2, "seed_share": 0.4, "average": 0.25})
    found = treatment(settings, [examined("overconfidence"), examined("collapse", "forgetting", "drift", "duplicates")])
    assert (found.temperature, found.seed_share, found.average, found.restart, found.stop) == (
        2,
        0.4,
        0.25,
        False,
        False,
    )
    assert [words.split(":")[0] for words in found.words] == ["collapse", "forgetting", "drift"]
    assert "collapse it is; the next round has temperature 2." in found.words[0]
    assert found.of_a_round == {"temperature": 2, "health": list(found.words)}
    assert treatment(settings, [examined("overconfidence")]).restart and settings.acts


def test_the_run_ends_at_an_alarm_or_when_patience_is_over() -> None:
    stop = HealthSettings.model_validate({"remedies": {"collapse": "stop"}})
    assert treatment(stop, [examined("collapse")]).stop and not treatment(stop, [examined("drift")]).stop
    patient = HealthSettings(patience=2)
    run = [examined(solved=n) for n in (3, 5, 5, 4)]
    assert not treatment(patient, run[:3]).stop and patient.acts
    ended = treatment(patient, run)
    assert ended.stop and "None of the last 2" in ended.words[0]


def test_health_is_read_as_it_was_stored() -> None:
    one = Health(BASE, {"solved": 3}, (Alarm("drift", "far"),), ("drift: far; the run ends here.",), ("ab",), ("note",))
    stored = json.loads(json.dumps(one.as_json()))
    assert Health.from_json(stored) == one


@pytest.mark.parametrize("broken", [{}, {"figures": []}, "x", {"figures": {}, "counts": {"a": "b"}}])
def test_what_is_no_health_is_none(broken: object) -> None:
    record = replace(GENERATION, metrics={"health": broken})
    assert health_of(record) is None
    strange = {**Health(BASE, {}).as_json(), "figures": {"drift": "<b>", "entropy": float("inf"), "heads": 1}}
    read = health_of(replace(GENERATION, metrics={"health": strange}))
    assert read is not None and (read.figures["drift"], read.figures["entropy"], read.figures["heads"]) == (
        None,
        None,
        1,
    )


def test_settings_that_make_no_sense_are_refused_and_the_defaults_are_not_stored() -> None:
    plain = FlywheelConfig.load()
    new = {"health", "continued", "sources", "unverified"}
    assert not new & plain.stored().keys() and "temperature" not in plain.stored()["round"]
    assert "seed_sources" not in plain.stored()["train"]["data"]
    changed = FlywheelConfig.load(health__patience=3, continued=True, round__temperature=0.5)
    assert changed.stored()["health"]["patience"] == 3 and changed.digest() != plain.digest()
    again = FlywheelConfig.load(started=json.loads(json.dumps(changed.stored())))
    assert again.stored() == changed.stored()
    for flags, words in (
        ({"health__remedies__drift": "average"}, "continued = true"),
        ({"health__remedies__drift": "prayer"}, r"health\.remedies\.drift"),
        ({"unverified": 0.5}, r"trees\.training"),
    ):
        with pytest.raises(ConfigError, match=words):
            FlywheelConfig.load(**flags)
