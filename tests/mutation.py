"""Random damage to exported proofs.

Every line stays JSON, and most damage keeps the file well-formed, so that it reaches the later checks.
"""

from __future__ import annotations

import json
import random
from typing import Any

#: The fields of an expression line that hold the index of another expression.
SUBTERMS = {
    "app": ("fn", "arg"),
    "lam": ("type", "body"),
    "forallE": ("type", "body"),
    "letE": ("type", "value", "body"),
    "proj": ("struct",),
    "mdata": ("expr",),
}


def mutate(text: str, rng: random.Random, times: int) -> str:
    """Changes `times` places of an export: three in four inside an expression or the target, the rest anywhere."""
    records = [json.loads(line) for line in text.splitlines()]
    careful = sum(rng.random() < 0.75 for _ in range(times))
    for _ in range(careful):
        _one_reference(records, rng)
    for _ in range(times - careful):
        at = rng.randrange(1, len(records))
        choice = rng.randrange(3)
        if choice == 0 and len(records) > 2:
            del records[at]
        elif choice == 1:
            records.insert(at, rng.choice(records))
        else:
            records[at] = _anything(records[at], rng)
    return "".join(json.dumps(record) + "\n" for record in records)


def _one_reference(records: list[dict[str, Any]], rng: random.Random) -> None:
    """Lets one expression, or the target, stand on other things than before; changes `records` in place."""
    names = [record["in"] for record in records if "in" in record]
    levels = [0, *(record["il"] for record in records if "il" in record)]
    at = rng.choice([i for i, record in enumerate(records) if "ie" in record or "thm" in record])
    (kind,) = records[at].keys() - {"ie"}
    above = [record["ie"] for record in records[:at] if "ie" in record] or [0]
    value = records[at][kind]
    new: Any
    if kind == "thm":
        new = {**value, "value": rng.choice(above)}
    elif kind == "bvar":
        new = max(value + rng.choice([-1, 1, 2]), 0)
    elif kind == "sort":
        new = rng.choice(levels)
    elif kind == "const":
        new = rng.choice(
            [{**value, "name": rng.choice(names)}, {**value, "us": [rng.choice(levels) for _ in value["us"]]}]
        )
    elif kind == "natVal":
        new = str(int(value) + 1)
    elif kind == "strVal":
        new = value + "x"
    elif kind == "app" and rng.random() < 0.3:
        new = {"fn": value["arg"], "arg": value["fn"]}
    elif kind == "proj" and rng.random() < 0.5:
        new = {**value, "idx": value["idx"] + 1}
    else:
        new = {**value, rng.choice(SUBTERMS[kind]): rng.choice(above)}
    records[at] = {**records[at], kind: new}


def _anything(value: object, rng: random.Random) -> object:
    """One changed leaf somewhere in a JSON value."""
    if isinstance(value, dict) and value:
        key = rng.choice(sorted(value))
        return {**value, key: _anything(value[key], rng)}
    if isinstance(value, list) and value:
        at = rng.randrange(len(value))
        return [*value[:at], _anything(value[at], rng), *value[at + 1 :]]
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return rng.choice([value + 1, max(value - 1, 0), rng.randrange(30)])
    if isinstance(value, str):
        return rng.choice(["Nat", "rfl", "add_comm", "sorryAx", "1", "abbrev", "implicit", value + "x"])
    return value
