"""lean-std, and the split by statement class of it and of lean-core."""

from __future__ import annotations

import gzip
import random
from collections import Counter
from pathlib import Path

import pytest

from corpus.store import Corpus
from lean_env.benchmark.lean_core.benchmark import (
    LEAN_CORE,
    LEAN_STD,
    PARTS,
    Part,
    Splitting,
    build_by_class,
    load_manifest,
    shipped,
)
from lean_env.benchmark.lean_core.by_class import CLASS_HELD_OUT, split_by_class
from lean_env.benchmark.lean_core.manifest import Entry, Manifest, ManifestError
from lean_env.benchmark.splits import SPLITS, TEST, TRAIN, VALID
from lean_env.embedded.installation import Installation
from lean_env.embedded.pool import WorkerPool
from lean_env.library.index import Library, LibraryUnavailable
from lean_env.theorem import Environment
from prover.benchmarks.registry import BENCHMARKS, benchmark_of, register
from prover.lean import Lean

BOTH = Environment(("Init", "Std"))


@pytest.fixture(scope="module")
def manifest() -> Manifest:
    return load_manifest(LEAN_STD)


def classes_by_split(manifest: Manifest) -> dict[str, list[str]]:
    return {split: [e.statement_class for e in manifest.entries if e.split == split] for split in SPLITS}


def test_it_belongs_to_the_installed_library_and_every_named_theorem_is_counted(
    manifest: Manifest, library: Library
) -> None:
    header = manifest.header
    assert header["library_digest"] == library.environment_digest(BOTH)
    assert (header["named"], header["wall_limits"]) == (19_809, 0)
    assert header["kept"] == len(manifest.entries)
    assert header["kept"] + sum(header["left_out"].values()) == header["named"]
    of_init = library.closure(Environment(("Init",)))
    for module in manifest.modules.values():
        assert module.imports == library.strict_environment(module.module).imports
        assert module.module not in of_init | library.closure(Environment(module.imports))


def test_maps_and_sets_are_one_family_which_is_for_training(manifest: Manifest) -> None:
    maps = [m for m in manifest.modules.values() if m.module.endswith(("Map.Lemmas", "Map.Raw.Lemmas", "Set.Lemmas"))]
    assert len(maps) >= 12
    assert len({module.family for module in maps}) == 1
    in_maps = Counter(entry.split for entry in manifest.entries if manifest.modules[entry.module] in maps)
    assert set(in_maps) == {TRAIN} and in_maps[TRAIN] > 8_000


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.name)
@pytest.mark.parametrize("splitting", list(Splitting))
def test_no_class_is_on_two_sides(part: Part, splitting: Splitting) -> None:
    train, valid, test = (set(classes) for classes in classes_by_split(load_manifest(part, splitting)).values())
    assert train.isdisjoint(valid | test) and valid.isdisjoint(test)
    assert min(len(valid), len(test)) > 300


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.name)
def test_the_random_split_holds_out_a_tenth_of_the_classes_one_theorem_each(part: Part) -> None:
    novel, by_class = load_manifest(part), load_manifest(part, Splitting.RANDOM)
    classes = {entry.statement_class for entry in novel.entries}
    for split in (VALID, TEST):
        held_out = classes_by_split(by_class)[split]
        assert len(held_out) == len(set(held_out))
        assert 0.08 * len(classes) < len(held_out) < 0.12 * len(classes)
    assert by_class.header["kept"] + sum(by_class.header["left_out"].values()) == len(novel.entries)
    assert by_class.header["left_out"][CLASS_HELD_OUT] > 0
    known = {entry.name: entry for entry in novel.entries}
    for entry in by_class.entries[::31]:
        assert entry.expression_hash == known[entry.name].expression_hash
        assert entry.stratum == known[entry.name].stratum


def test_what_is_held_out_at_random_has_no_copy_in_its_imports(library: Library) -> None:
    """By the hash of its statement; by class the test of the whole split holds it, for that reads all of Init."""
    homes: dict[str, set[str]] = {}
    for module in library.modules:
        for constant in library.constants(module):
            homes.setdefault(constant.type_hash, set()).add(module)
    for part in PARTS:
        for theorem in load_manifest(part, Splitting.RANDOM).theorems(TEST):
            assert homes[theorem.expression_hash].isdisjoint(library.closure(theorem.environment)), theorem.name


def test_a_split_of_another_manifest_or_a_damaged_one_is_refused(manifest: Manifest) -> None:
    with pytest.raises(ManifestError, match="another manifest"):
        split_by_class(manifest, shipped(LEAN_CORE.file_by_class))
    for data in (b"", gzip.compress(b"[]"), shipped(LEAN_STD.file_by_class)[:-9]):
        with pytest.raises(ManifestError, match="damaged"):
            split_by_class(manifest, data)


def agrees(pool: WorkerPool, manifest: Manifest, entries: list[Entry]) -> int:
    """How many statements elaborate back, and as the manifest says; all of one module."""
    imports = manifest.modules[entries[0].module].imports
    with pool.lease(Environment(imports)) as worker:
        reply = worker.request(
            "print", wall_s=600, imports=list(imports), names=[entry.name for entry in entries], round_trip=True
        )
    for entry, printed in zip(entries, reply["statements"], strict=True):
        assert (printed["text"], printed["round_trips"]) == (entry.statement, entry.round_trips), entry.name
    return sum(entry.round_trips for entry in entries)


def of_modules(manifest: Manifest) -> dict[str, list[Entry]]:
    found: dict[str, list[Entry]] = {}
    for entry in manifest.entries:
        found.setdefault(entry.module, []).append(entry)
    return found


def test_statements_of_a_sample_elaborate_in_their_environments(manifest: Manifest, pool: WorkerPool) -> None:
    modules = of_modules(manifest)
    drawn = random.Random(1).sample(sorted(modules), 6)
    assert sum(agrees(pool, manifest, modules[module][:10]) for module in drawn) >= 10


@pytest.mark.long
def test_all_statements_elaborate_in_their_environments(manifest: Manifest, pool: WorkerPool) -> None:
    back = sum(
        agrees(pool, manifest, entries[start : start + 50])
        for entries in of_modules(manifest).values()
        for start in range(0, len(entries), 50)
    )
    assert back > 0.5 * len(manifest.entries)


@pytest.mark.long
@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.name)
def test_the_random_split_made_anew_is_the_shipped_one(part: Part, installation: Installation) -> None:
    assert build_by_class(part, installation) == shipped(part.file_by_class)


def test_each_is_a_benchmark_of_its_own_name(tmp_path: Path) -> None:
    names = {"lean-core", "lean-core-auto", "lean-core-random", "lean-std", "lean-std-random"}
    assert names < set(BENCHMARKS)
    with Lean() as lean, Corpus.open(str(tmp_path / "corpus.db")) as corpus:
        for name in ("lean-std", "lean-std-random"):
            record = register(corpus, name, lean)
            assert record.name == name
            stored = corpus.theorems(record.key, VALID)
            expected = load_manifest(
                LEAN_STD, Splitting(name.removeprefix("lean-std-") if "random" in name else "novel")
            )
            assert {theorem.name for theorem in stored} == {t.name for t in expected.theorems(VALID)}
        assert {t.benchmark for t in benchmark_of("lean-std-random").theorems(lambda: Corpus.open(""), TEST)} == {
            "lean-std-random"
        }


def test_without_std_it_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Library, "modules", property(lambda _self: ("Init",)))
    with (
        Lean() as lean,
        Corpus.open(str(tmp_path / "corpus.db")) as corpus,
        pytest.raises(LibraryUnavailable, match="flywheel setup --with-std"),
    ):
        register(corpus, "lean-std", lean)
