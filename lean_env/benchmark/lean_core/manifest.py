"""A benchmark as data: theorems with their split and stratum, and the counts of what was left out.

On disk: gzipped JSON lines. The first is the header, then one line per environment, then one per theorem.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Any

from lean_env.benchmark.lean_core.families import stable_hash
from lean_env.benchmark.splits import TEST, VALID
from lean_env.theorem import Environment, Theorem

_FORMAT = 1


class ManifestError(Exception):
    """A manifest file is damaged or of another format; the message says which command makes a new one."""


class Stratum(StrEnum):
    """How hard a theorem is for automation."""

    #: portfolio-1 proves it.
    EASY = "easy"
    #: portfolio-1 does not prove it.
    HARD = "hard"
    #: The statement mentions a definition without a body, so a proof has lemmas about it alone. `Entry.solver` says
    #: whether portfolio-1 proves it.
    OPAQUE = "opaque"


class EnvironmentPolicy(StrEnum):
    """Which modules a theorem of the benchmark may use."""

    #: Exactly what the theorem's module imports.
    STRICT = "strict"
    #: Also Init.Omega and Init.Grind where these do not depend on the theorem's module: automation's best case.
    AUTO = "auto"


@dataclass(frozen=True, slots=True)
class ModuleEntry:
    """What a module's theorems have in common. `runs` and `auto_runs`: which automation runs, probed on trivial goals.
    `digest` is the strict environment's."""

    module: str
    family: str
    imports: tuple[str, ...]
    auto_imports: tuple[str, ...]
    digest: str
    runs: Mapping[str, bool]
    auto_runs: Mapping[str, bool]


@dataclass(frozen=True, slots=True)
class Entry:
    """One theorem."""

    name: str
    module: str
    statement: str
    #: Whether the printed statement elaborates back to the same expression.
    round_trips: bool
    split: str
    stratum: Stratum
    expression_hash: str
    #: The expression's hash with universes numbered by first use, as goals are hashed.
    goal_hash: str
    statement_class: str
    #: The portfolio-1 tactic that proves it, or None.
    solver: str | None
    #: The auto environment has the same statement under another name. There it is no task.
    auto_twin: bool = False


@dataclass(frozen=True)
class Manifest:
    """`header` holds the benchmark's name, versions, the library's digest, counts, and `left_out` by reason."""

    header: Mapping[str, Any]
    modules: Mapping[str, ModuleEntry]
    entries: tuple[Entry, ...]

    @property
    def name(self) -> str:
        return str(self.header["name"])

    def theorems(
        self, split: str | None = None, stratum: str | None = None, policy: EnvironmentPolicy = EnvironmentPolicy.STRICT
    ) -> list[Theorem]:
        """The theorems of a split and stratum (None: of all), always in the same order."""
        return [
            self.theorem(entry.name, policy)
            for entry in self.entries
            if split in (None, entry.split)
            and stratum in (None, entry.stratum.value)
            and not (policy is EnvironmentPolicy.AUTO and entry.auto_twin)
        ]

    def subset(
        self,
        count: int,
        split: str | None = None,
        stratum: str | None = None,
        policy: EnvironmentPolicy = EnvironmentPolicy.STRICT,
    ) -> list[Theorem]:
        """`count` of the theorems (all, if there are fewer), drawn by a stable hash of the name: a larger subset begins
        with the smaller one."""
        return sorted(self.theorems(split, stratum, policy), key=lambda theorem: stable_hash(theorem.name))[:count]

    def theorem(self, name: str, policy: EnvironmentPolicy = EnvironmentPolicy.STRICT) -> Theorem:
        """One theorem. Raises KeyError."""
        entry = self._by_name[name]
        module = self.modules[entry.module]
        imports = module.auto_imports if policy is EnvironmentPolicy.AUTO else module.imports
        return Theorem(
            name=entry.name,
            statement=entry.statement,
            environment=Environment(imports),
            module=entry.module,
            expression_hash=entry.expression_hash,
            benchmark=self.name if policy is EnvironmentPolicy.STRICT else f"{self.name}-{policy.value}",
            split=entry.split,
            stratum=entry.stratum.value,
        )

    def entry(self, name: str) -> Entry:
        """One theorem's line. Raises KeyError."""
        return self._by_name[name]

    def statement_hash(self, name: str) -> str:
        """SHA-256 over the statement's expression and the environment that gives its constants their meaning."""
        entry = self._by_name[name]
        text = f"{entry.expression_hash}\n{self.modules[entry.module].digest}"
        return hashlib.sha256(text.encode()).hexdigest()

    def guard(self, splits: Iterable[str] = (VALID, TEST)) -> frozenset[str]:
        """The hashes that no training example may have, as root or as goal: all strata of these splits, in both
        numberings of universes."""
        wanted = set(splits)
        guarded = [entry for entry in self.entries if entry.split in wanted]
        return frozenset(hash_ for entry in guarded for hash_ in (entry.expression_hash, entry.goal_hash))

    def counts(self) -> dict[str, dict[str, int]]:
        """How many theorems by split and stratum."""
        counted = Counter((entry.split, entry.stratum.value) for entry in self.entries)
        table: dict[str, dict[str, int]] = {}
        for (split, stratum), count in sorted(counted.items()):
            table.setdefault(split, {})[stratum] = count
        return table

    @cached_property
    def _by_name(self) -> dict[str, Entry]:
        return {entry.name: entry for entry in self.entries}

    # ---- on disk ----

    def write(self, path: Path) -> None:
        """The same manifest gives the same bytes."""
        lines = [
            {"format": _FORMAT, **self.header},
            *(asdict(self.modules[module]) for module in sorted(self.modules)),
            *(_packed(entry) for entry in self.entries),
        ]
        text = "".join(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n" for line in lines)
        temporary = path.with_name(path.name + ".tmp")
        temporary.write_bytes(gzip.compress(text.encode(), compresslevel=9, mtime=0))
        temporary.replace(path)

    @classmethod
    def read(cls, data: bytes) -> Manifest:
        """Raises ManifestError."""
        try:
            header, *lines = (json.loads(line) for line in gzip.decompress(data).decode().splitlines())
            if header.pop("format") != _FORMAT:
                raise ManifestError("a manifest of another version; `flywheel bench build lean-core` makes a new one")
            modules = [_module(line) for line in lines if "imports" in line]
            entries = tuple(_unpacked(line) for line in lines if "imports" not in line)
        except (OSError, EOFError, zlib.error, ValueError, KeyError, TypeError) as error:
            raise ManifestError(
                f"damaged manifest: {error}; `flywheel bench build lean-core` makes a new one"
            ) from error
        return cls(header, {module.module: module for module in modules}, entries)


_ENTRY_DEFAULTS: dict[str, object] = {"solver": None, "auto_twin": False, "round_trips": True}


def _packed(entry: Entry) -> dict[str, Any]:
    """Without what can be told: usual values, and the goal hash where it equals the expression hash (nearly always)."""
    values = {f.name: getattr(entry, f.name) for f in fields(Entry)}
    if values["goal_hash"] == values["expression_hash"]:
        del values["goal_hash"]
    return {name: value for name, value in values.items() if _ENTRY_DEFAULTS.get(name, ...) != value}


def _unpacked(line: dict[str, Any]) -> Entry:
    values = {**_ENTRY_DEFAULTS, "goal_hash": line["expression_hash"], **line}
    values["stratum"] = Stratum(values["stratum"])
    return Entry(**values)


def _module(line: dict[str, Any]) -> ModuleEntry:
    return ModuleEntry(**{**line, "imports": tuple(line["imports"]), "auto_imports": tuple(line["auto_imports"])})
