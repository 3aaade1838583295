"""The project's own hand-written proofs (`training/seed/*.lean`), the seed data that round 0 mixes in.

A seed file is ordinary Lean: `theorem name binders : statement := by`, then one tactic a line, each acting on the first
goal, so that the same text is a Lean proof and a list of steps. Seeds are proved over plain `import Init`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib import resources

from lean_env.theorem import Environment, Theorem

SEED_ENVIRONMENT = Environment(("Init",))

_HEAD = re.compile(r"^theorem\s+(?P<name>\S+)\s*(?P<statement>.*?)\s*:=\s*by\s*$", re.DOTALL)


class SeedError(ValueError):
    """A seed file that is not in the one-tactic-a-line form; the message names file and theorem."""


@dataclass(frozen=True, slots=True)
class Seed:
    """A hand-written proof: `tactics` are run in order, each on the first open goal."""

    theorem: Theorem
    tactics: tuple[str, ...]


def parse_seeds(text: str, origin: str) -> list[Seed]:
    """The seeds of one file. Blocks are separated by blank lines; `--` comment lines are skipped.

    Raises SeedError for a block that is not a theorem or has no tactics.
    """
    seeds = []
    for block in re.split(r"\n\s*\n", text):
        lines = [line for line in block.splitlines() if line.strip() and not line.startswith("--")]
        if not lines:
            continue
        last_head = next((i for i, line in enumerate(lines) if line.rstrip().endswith(":= by")), None)
        match = _HEAD.match("\n".join(lines[: last_head + 1])) if last_head is not None else None
        if match is None or last_head is None:
            raise SeedError(f"{origin}: expected `theorem name … := by`, found {lines[0]!r}")
        tactics = tuple(line.strip() for line in lines[last_head + 1 :])
        if not tactics:
            raise SeedError(f"{origin}: {match['name']} has no tactics")
        statement = " ".join(match["statement"].split())
        theorem = Theorem(f"seed.{match['name']}", statement, SEED_ENVIRONMENT, benchmark="seed", split="train")
        seeds.append(Seed(theorem, tactics))
    return seeds


def load_seeds() -> list[Seed]:
    """All seeds that ship with the package, in file and line order. Raises SeedError on a repeated name."""
    seeds: list[Seed] = []
    for file in sorted(resources.files("training.seed").iterdir(), key=lambda entry: entry.name):
        if file.name.endswith(".lean"):
            seeds += parse_seeds(file.read_text(encoding="utf-8"), file.name)
    names = [seed.theorem.name for seed in seeds]
    repeated = {name for name in names if names.count(name) > 1}
    if repeated:
        raise SeedError(f"seed names must be unique: {sorted(repeated)}")
    return seeds
