"""Several settings of one configuration, named: the `[[arm]]` tables of an experiment's file.

    [[arm]]
    name = "frozen"          # the first arm is what the others are compared with
    retrain = false

    [[arm]]
    name = "floor"
    seeds = 2                # otherwise as many as the command says
    round = { template_floor = 0.1 }

Everything else in the file is what all of them share. An arm's tables are laid over the file's, key by key.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training.config import ConfigError, FlywheelConfig

_NAME = re.compile(r"[A-Za-z0-9._-]{1,32}")


@dataclass(frozen=True, slots=True)
class Variant:
    """One arm. `seeds`: run with seeds 0, 1, ... up to so many. `changes`: what its file says of it alone."""

    name: str
    config: FlywheelConfig
    seeds: int
    changes: Mapping[str, Any]

    def run(self, seed: int) -> FlywheelConfig:
        """The settings of one run; its name in the corpus is that of the experiment, the arm and the seed."""
        return self.config.model_copy(update={"name": f"{self.config.name}-{self.name}-s{seed}", "seed": seed})


def variants_of(file: Path, seeds: int, **flags: Any) -> list[Variant]:
    """The arms of a file in its order, none where it has no `[[arm]]`. `flags` as in `FlywheelConfig.load`: they hold
    for all arms. Raises ConfigError."""
    if not file.is_file():
        raise ConfigError(f"no such configuration file: {file}")
    try:
        shared = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file} is not TOML: {error}") from error
    tables = shared.pop("arm", [])
    if not (isinstance(tables, list) and all(isinstance(table, dict) for table in tables)):
        raise ConfigError(f"{file}: arms are written as [[arm]] tables, each with a name")
    found: list[Variant] = []
    for table in tables:
        changes = dict(table)
        name, own = changes.pop("name", None), changes.pop("seeds", seeds)
        if not (isinstance(name, str) and _NAME.fullmatch(name)):
            raise ConfigError(f"{file}: an [[arm]] needs a name of letters, digits, `.`, `_` or `-`, not {name!r}")
        if name in {one.name for one in found}:
            raise ConfigError(f"{file}: two arms are called {name!r}")
        if not (isinstance(own, int) and own > 0):
            raise ConfigError(f"{file}: arm {name!r} needs one seed or more, not {own!r}")
        try:
            config = FlywheelConfig.load(contents=laid_over(shared, changes), **flags)
        except ConfigError as error:
            raise ConfigError(f"{file}, arm {name!r}: {error}") from error
        found.append(Variant(name, config, own, changes))
    _require_comparable(file, found)
    return found


def laid_over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """`above` over `below`, table by table."""
    merged = dict(below)
    for key, value in above.items():
        under = merged.get(key)
        both = isinstance(value, Mapping) and isinstance(under, Mapping)
        merged[key] = laid_over(under, value) if both and isinstance(under, Mapping) else value
    return merged


def _require_comparable(file: Path, variants: list[Variant]) -> None:
    """All arms are judged on the same theorems with the same budgets, in the same workers. Raises ConfigError."""
    for one in variants[1:]:
        mine, first = one.config, variants[0].config
        apart = [
            key for key in ("name", "benchmark", "rungs", "evaluation") if getattr(mine, key) != getattr(first, key)
        ]
        if apart:
            raise ConfigError(
                f"{file}: arm {one.name!r} changes {', '.join(apart)}, so that it would not be compared on "
                "the same theorems at equal steps"
            )
        if (mine.limits, mine.workers) != (first.limits, first.workers):
            raise ConfigError(
                f"{file}: arm {one.name!r} changes workers or the limits of a tactic, which all arms share"
            )
