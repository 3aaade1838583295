"""From figures to alarms, and from alarms to what is done: pure functions, so that a resumed run finds the same.

alarms(figures, base, settings.alarms)      which limits a generation is past, in words
treatment(settings, examined)               what the next round and the next training do otherwise
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from corpus.health import Alarm, Health
from training.health_config import AlarmSettings, HealthSettings

Figures = Mapping[str, float | None]

#: From here on pass@1 leaves no room for pass@k to rise.
_SATURATED = 0.9


@dataclass(frozen=True, slots=True)
class Treatment:
    """What follows from the health of the generations so far. The fields are None (or False) where nothing does."""

    temperature: float | None = None
    seed_share: float | None = None
    average: float | None = None
    restart: bool = False
    stop: bool = False
    #: Why, a sentence each.
    words: tuple[str, ...] = ()

    @property
    def of_a_round(self) -> dict[str, Any]:
        """What a round stores of it; {} where nothing is done."""
        told = {} if self.temperature is None else {"temperature": self.temperature}
        return {**told, "health": list(self.words)} if self.words else {}


def alarms(now: Figures, base: Figures, limits: AlarmSettings) -> tuple[Alarm, ...]:
    """Those of a generation, beside M_0's figures."""
    found: list[Alarm] = []

    def say(failure: str, past: bool, text: str) -> None:
        if past:
            found.append(Alarm(failure, text))

    alike, usual, gain, first = now["one_opening"], base["one_opening"], now["slope"], now["pass@1"]
    # Where M_0's proofs open alike already, the statements have one opening: nothing has narrowed.
    if alike is not None and (usual is None or usual <= limits.one_opening):
        say(
            "collapse",
            alike > limits.one_opening,
            f"{alike:.0%} of the theorems have one opening (limit {limits.one_opening:.0%})",
        )
    if gain is not None and first is not None:
        say(
            "collapse",
            gain < limits.slope and 0 < first < _SATURATED,
            f"a doubling of k adds {gain:.3f} to pass@k (limit {limits.slope:g})",
        )
    if (spread := now["entropy"]) is not None and (most := base["entropy"]) is not None:
        say(
            "collapse",
            spread < limits.entropy * most,
            f"tactic entropy {spread:.2f} nats is under {limits.entropy:.0%} of M_0's {most:.2f}",
        )
    if (excess := now["overconfidence"]) is not None and (at_start := base["overconfidence"]) is not None:
        say(
            "overconfidence",
            excess - max(0.0, at_start) > limits.overconfidence,
            f"confidence is {excess:+.2f} above accuracy, M_0's {at_start:+.2f} (limit {limits.overconfidence:g} more)",
        )
    if (kept := now["seed_log_likelihood"]) is not None and (at_first := base["seed_log_likelihood"]) is not None:
        say(
            "forgetting",
            at_first - kept > limits.seed_log_likelihood,
            f"seed log-likelihood {kept:.2f} nats a state, M_0's {at_first:.2f} "
            f"(limit {limits.seed_log_likelihood:g} less)",
        )
    if (solved := now["seed_solved"]) is not None and (once := base["seed_solved"]) is not None:
        say(
            "forgetting",
            once - solved > limits.seed_solved,
            f"{solved:.0%} of the seed theorems are solved, {once:.0%} by M_0 (limit {limits.seed_solved:.0%} less)",
        )
    if (lost := now["lost_share"]) is not None:
        say(
            "forgetting",
            lost > limits.lost,
            f"{lost:.0%} of what the generation before proved is lost (limit {limits.lost:.0%})",
        )
    if (drift := now["drift"]) is not None:
        say("drift", drift > limits.drift, f"KL from M_0 is {drift:.2f} nats (limit {limits.drift:g})")
    if (again := now["round_duplicates"]) is not None:
        say(
            "duplicates",
            again > limits.duplicates,
            f"{again:.0%} of the round's proofs were known (limit {limits.duplicates:.0%})",
        )
    return tuple(found)


def treatment(settings: HealthSettings, examined: Sequence[Health]) -> Treatment:
    """What the newest generation's alarms lead to; `examined` are all generations so far, M_0 first."""
    temperature = seed_share = average = None
    restart = stop = False
    words: list[str] = []
    for alarm in examined[-1].alarms if examined else ():
        remedy = getattr(settings.remedies, alarm.failure)
        if remedy == "none":
            continue
        match remedy:
            case "temperature":
                temperature, done = settings.temperature, f"the next round has temperature {settings.temperature:g}"
            case "seeds":
                seed_share = settings.seed_share
                done = f"round 0's proofs get {settings.seed_share:.0%} of the weight of the next training"
            case "average":
                average, done = (
                    settings.average,
                    f"the next weights are averaged with M_0's, {settings.average:.0%} of it",
                )
            case "restart":
                restart, done = True, "the next generation starts from base"
            case _:
                stop, done = True, "the run ends here"
        words.append(f"{alarm.failure}: {alarm.text}; {done}.")
    if (stale := _stale(examined)) and settings.patience and stale >= settings.patience:
        stop = True
        words.append(
            f"None of the last {stale} proved more held-out theorems than the best generation before "
            f"(patience {settings.patience}); the run ends here."
        )
    return Treatment(temperature, seed_share, average, restart, stop, tuple(words))


def _stale(examined: Sequence[Health]) -> int:
    """How many generations there were since the one that proved the most held-out theorems, the first such one."""
    solved = [one.counts.get("solved", 0) for one in examined]
    return len(solved) - 1 - solved.index(max(solved)) if solved else 0
