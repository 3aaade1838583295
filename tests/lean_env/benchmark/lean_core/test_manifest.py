from dataclasses import replace
from pathlib import Path

import pytest

from lean_env.benchmark.lean_core.manifest import (
    Entry,
    EnvironmentPolicy,
    Manifest,
    ManifestError,
    ModuleEntry,
    Stratum,
)
from lean_env.benchmark.splits import TEST, TRAIN, VALID

RUNS = {"simp": True, "omega": False}


def entry(number: int, split: str = TRAIN, stratum: Stratum = Stratum.HARD, **other: object) -> Entry:
    values = {
        "name": f"T{number}",
        "module": "M",
        "statement": "∀ (a : Nat),\n  a = a",
        "round_trips": number % 2 == 0,
        "split": split,
        "stratum": stratum,
        "expression_hash": f"{number:064x}",
        "goal_hash": f"{number:064x}",
        "statement_class": f"{number:032x}",
        "solver": "rfl" if stratum is Stratum.EASY else None,
    }
    return Entry(**{**values, **other})  # type: ignore[arg-type]


ENTRIES = (
    entry(1),
    entry(2, TEST),
    entry(3, TEST, Stratum.EASY),
    entry(4, VALID, Stratum.OPAQUE, goal_hash="f" * 64),
    entry(5, TEST, auto_twin=True),
    entry(6, TEST),
)
MANIFEST = Manifest(
    {"name": "lean-core", "left_out": {"twin": 3}},
    {"M": ModuleEntry("M", "F", ("Init.Core",), ("Init.Core", "Init.Omega"), "d" * 64, RUNS, {**RUNS, "omega": True})},
    ENTRIES,
)


def test_what_is_written_is_read_back_and_bytes_are_stable(tmp_path: Path) -> None:
    MANIFEST.write(tmp_path / "a.gz")
    MANIFEST.write(tmp_path / "b.gz")
    data = (tmp_path / "a.gz").read_bytes()
    assert data == (tmp_path / "b.gz").read_bytes()
    assert Manifest.read(data) == MANIFEST


def test_damage_is_told_with_the_command_that_helps(tmp_path: Path) -> None:
    MANIFEST.write(tmp_path / "a.gz")
    data = (tmp_path / "a.gz").read_bytes()
    for damaged in (data[:-20], b"", b"no gzip", data[:40] + b"\0" + data[41:]):
        with pytest.raises(ManifestError, match="flywheel bench build lean-core"):
            Manifest.read(damaged)


def test_selection_by_split_stratum_and_policy() -> None:
    names = [theorem.name for theorem in MANIFEST.theorems(TEST)]
    assert names == ["T2", "T3", "T5", "T6"]
    assert [theorem.name for theorem in MANIFEST.theorems(TEST, "hard")] == ["T2", "T5", "T6"]
    auto = MANIFEST.theorems(TEST, "hard", EnvironmentPolicy.AUTO)
    assert [theorem.name for theorem in auto] == ["T2", "T6"], "T5 has a twin in its auto environment"
    assert auto[0].environment.imports == ("Init.Core", "Init.Omega")
    assert auto[0].benchmark != MANIFEST.theorem("T2").benchmark


def test_subsets_are_nested() -> None:
    whole = MANIFEST.subset(100, TEST)
    assert len(whole) == 4
    for count in range(4):
        assert MANIFEST.subset(count, TEST) == whole[:count]


def test_guard_holds_both_hashes_of_held_out_theorems_only() -> None:
    guard = MANIFEST.guard()
    assert guard == {ENTRIES[i].expression_hash for i in (1, 2, 3, 4, 5)} | {"f" * 64}
    assert MANIFEST.guard([VALID]) == {ENTRIES[3].expression_hash, "f" * 64}


def test_statement_hash_depends_on_the_environment() -> None:
    other = replace(MANIFEST, modules={"M": replace(MANIFEST.modules["M"], digest="e" * 64)})
    assert MANIFEST.statement_hash("T1") != MANIFEST.statement_hash("T2")
    assert MANIFEST.statement_hash("T1") != other.statement_hash("T1")
