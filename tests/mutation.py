"""Random damage to exported proofs that keeps every line JSON."""

from __future__ import annotations

import json
import random


def mutate(text: str, rng: random.Random, times: int) -> str:
    """Changes `times` places of an export and keeps it JSON: an index, a kind, a name, a line's order or existence."""
    records = [json.loads(line) for line in text.splitlines()]
    for _ in range(times):
        at = rng.randrange(1, len(records))
        choice = rng.randrange(10)
        if choice == 0:
            del records[at]
        elif choice == 1:
            records.insert(at, rng.choice(records))
        elif choice == 2:
            other = rng.randrange(1, len(records))
            records[at], records[other] = records[other], records[at]
        else:
            records[at] = _mutated(records[at], rng)
        if len(records) < 2:
            break
    return "".join(json.dumps(record) + "\n" for record in records)


def _mutated(value: object, rng: random.Random) -> object:
    if isinstance(value, dict) and value:
        key = rng.choice(sorted(value))
        return {**value, key: _mutated(value[key], rng)}
    if isinstance(value, list) and value:
        at = rng.randrange(len(value))
        return [*value[:at], _mutated(value[at], rng), *value[at + 1 :]]
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return rng.choice([value + 1, max(value - 1, 0), rng.randrange(30)])
    if isinstance(value, str):
        return rng.choice(["Nat", "rfl", "add_comm", "sorryAx", "1", "abbrev", "implicit", value + "x"])
    return value
