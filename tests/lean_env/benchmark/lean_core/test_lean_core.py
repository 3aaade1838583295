"""The shipped manifest: what it promises, and that a rebuilt part of it is the same."""

from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lean_env import paths
from lean_env.benchmark.lean_core.benchmark import LEAN_CORE, build_manifest, load_lean_core
from lean_env.benchmark.lean_core.families import LARGEST_MODULE_SHARE
from lean_env.benchmark.lean_core.manifest import Entry, EnvironmentPolicy, Manifest, Stratum
from lean_env.benchmark.lean_core.portfolio import PORTFOLIO_1
from lean_env.benchmark.splits import TEST, TRAIN, VALID
from lean_env.library.expression import used_constants
from lean_env.library.index import Library
from lean_env.library.names import is_recursor_name
from lean_env.session.dojo import Dojo
from lean_env.session.outcomes import Outcome

if TYPE_CHECKING:
    from lean_env.embedded.installation import Installation
    from lean_env.embedded.pool import WorkerPool

#: Small modules, at least one in each split, none so large that its share of test is capped; about 100 theorems.
SAMPLE = ("Init.Data.Option.Monadic", "Init.Data.Nat.Dvd", "Init.Data.Option.List", "Init.Data.Int.Pow")


@pytest.fixture(scope="module")
def manifest() -> Manifest:
    return load_lean_core()


def by_split(manifest: Manifest) -> dict[str, list[Entry]]:
    entries = defaultdict(list)
    for entry in manifest.entries:
        entries[entry.split].append(entry)
    return entries


def test_it_belongs_to_the_installed_library(manifest: Manifest, library: Library) -> None:
    assert manifest.header["library_digest"] == library.digest
    for module in manifest.modules.values():
        environment = library.strict_environment(module.module)
        assert module.imports == environment.imports
        assert module.digest == library.environment_digest(environment)


def test_every_named_theorem_is_kept_or_counted(manifest: Manifest) -> None:
    header = manifest.header
    assert header["named"] == 22_221
    assert header["kept"] == len(manifest.entries)
    assert header["kept"] + sum(header["left_out"].values()) == header["named"]


def test_the_clock_decided_nothing(manifest: Manifest) -> None:
    assert manifest.header["wall_limits"] == 0


def test_statements_are_those_of_the_library(manifest: Manifest, library: Library) -> None:
    for entry in manifest.entries[::53]:
        constant = library.constant(entry.name)
        assert constant is not None
        assert entry.expression_hash == constant.type_hash
        assert entry.statement
        assert not is_recursor_name(entry.name)


@pytest.mark.parametrize("policy", list(EnvironmentPolicy))
def test_no_theorem_is_visible_in_its_environment(
    manifest: Manifest, library: Library, policy: EnvironmentPolicy
) -> None:
    for theorem in manifest.theorems(policy=policy):
        assert theorem.module not in library.closure(theorem.environment)
        assert library.constant(theorem.name, theorem.environment) is None


def test_no_twin_is_visible_in_its_environment(manifest: Manifest, library: Library) -> None:
    homes = defaultdict(set)
    for module in library.modules:
        for constant in library.constants(module):
            homes[constant.type_hash].add(module)
    for theorem in manifest.theorems():
        assert homes[theorem.expression_hash].isdisjoint(library.closure(theorem.environment)), theorem.name


def test_splits_never_separate_a_family(manifest: Manifest) -> None:
    split_of: dict[str, str] = {}
    for entry in manifest.entries:
        family = manifest.modules[entry.module].family
        assert split_of.setdefault(family, entry.split) == entry.split


def test_shares_of_the_splits(manifest: Manifest) -> None:
    share = {split: len(entries) / len(manifest.entries) for split, entries in by_split(manifest).items()}
    assert set(share) == {TRAIN, VALID, TEST}
    assert 0.65 < share[TRAIN] < 0.75
    assert 0.07 < share[VALID] < 0.13
    assert 0.15 < share[TEST] < 0.25
    test_modules = Counter(entry.module for entry in manifest.entries if entry.split == TEST)
    assert max(test_modules.values()) <= LARGEST_MODULE_SHARE * test_modules.total()


def test_held_out_statements_have_no_copy_in_training(manifest: Manifest) -> None:
    split = by_split(manifest)
    classes = {name: {entry.statement_class for entry in entries} for name, entries in split.items()}
    assert classes[TRAIN].isdisjoint(classes[TEST])
    assert classes[TRAIN].isdisjoint(classes[VALID])
    assert classes[VALID].isdisjoint(classes[TEST])
    guard = manifest.guard()
    assert len(guard) >= len(split[TEST] + split[VALID]) - 50
    assert guard.isdisjoint({hash_ for entry in split[TRAIN] for hash_ in (entry.expression_hash, entry.goal_hash)})
    assert manifest.guard([VALID]).isdisjoint(manifest.guard([TEST]))


def test_strata_say_what_portfolio_1_did(manifest: Manifest) -> None:
    for entry in manifest.entries:
        assert entry.solver is None or entry.solver in PORTFOLIO_1
        if entry.stratum is not Stratum.OPAQUE:
            assert (entry.stratum is Stratum.EASY) == (entry.solver is not None)


def test_opaque_statements_mention_a_definition_without_a_body(manifest: Manifest, library: Library) -> None:
    for stratum, expected in ((Stratum.OPAQUE, True), (Stratum.HARD, False)):
        for theorem in manifest.subset(40, stratum=stratum.value):
            constants = [library.constant(name) for name in used_constants(library.expression(theorem.name))]
            assert any(c is not None and c.is_bodyless_definition for c in constants) is expected, theorem.name


def test_the_theorem_cannot_be_cited_in_its_environment(manifest: Manifest, pool: WorkerPool) -> None:
    for theorem in manifest.subset(40, TEST):
        with Dojo(theorem, pool) as (session, root):
            for tactic in (f"exact {theorem.name}", f"simp only [{theorem.name}]", f"rw [{theorem.name}]"):
                (step,) = session.run_tacs(root, [tactic])
                assert step.outcome is Outcome.FAILED, f"{tactic} in {theorem.name}"
                assert "Unknown" in step.result.error, step.result.error  # type: ignore[union-attr]


def test_python_and_lean_agree_what_an_environment_holds(
    manifest: Manifest, library: Library, pool: WorkerPool
) -> None:
    for theorem in manifest.subset(3, TEST):
        with pool.lease(theorem.environment) as worker:
            reply = worker.request("fingerprint", imports=list(theorem.environment.imports))
        closure = library.closure(theorem.environment)
        names = {constant.name for module in closure for constant in library.constants(module)}
        assert reply["constants"] == len(names)


@pytest.mark.long
def test_a_rebuilt_sample_is_the_same_and_a_second_build_goes_on(
    manifest: Manifest,
    installation: Installation,
    pool: WorkerPool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(paths, "benchmark_work", lambda: tmp_path)
    rebuilt = build_manifest(LEAN_CORE, installation, pool, sample=SAMPLE)
    expected = [entry for entry in manifest.entries if entry.module in SAMPLE]
    assert len(expected) > 50
    assert {entry.split for entry in expected} == {TRAIN, VALID, TEST}
    assert list(rebuilt.entries) == expected
    assert rebuilt.modules == {module: manifest.modules[module] for module in rebuilt.modules}

    before = pool.counters.requests
    again = build_manifest(LEAN_CORE, installation, pool, sample=SAMPLE)
    assert again == rebuilt
    assert pool.counters.requests == before, "all measurements were stored"


def test_an_interrupted_build_keeps_whole_modules(
    installation: Installation, pool: WorkerPool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paths, "benchmark_work", lambda: tmp_path)

    def interrupt(done: int, total: int) -> None:
        assert 0 < done < total
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build_manifest(LEAN_CORE, installation, pool, interrupt, SAMPLE)
    stored = {path.stem for path in tmp_path.rglob("*.json")}
    assert 1 <= len(stored) < len(SAMPLE)
    assert stored < set(SAMPLE)
