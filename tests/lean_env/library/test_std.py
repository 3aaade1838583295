"""Std beside Init: what the index holds of it, and that it is proved over, decided and read like Init."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lean_env.benchmark.lean_core.benchmark import load_lean_core
from lean_env.embedded.installation import Installation
from lean_env.embedded.pool import WorkerPool
from lean_env.embedded.worker import Worker
from lean_env.gate.certificate import Certificate, KernelVerdict
from lean_env.gate.gate import Gate
from lean_env.gate.second_kernel.client import SecondKernel
from lean_env.library.index import Library
from lean_env.session.dojo import Dojo
from lean_env.session.leandojo import DojoInitError
from lean_env.session.replay import replay
from lean_env.session.stating import state_text
from lean_env.theorem import Environment, Theorem

INIT = Environment(("Init",))
BOTH = Environment(("Init", "Std"))
HASH_MAP = Environment(("Init", "Std.Data.HashMap"))


@pytest.fixture(scope="module")
def library(installation: Installation) -> Iterator[Library]:
    with Library.open(installation) as opened:
        yield opened


def test_no_module_that_a_text_can_import_imports_lean(library: Library) -> None:
    """`import Lean` would give a text Lean's own meta-programming: arbitrary IO, and axioms added in silence."""
    assert len(library.modules) == len(library.closure(BOTH)) == 900
    assert {module.partition(".")[0] for module in library.modules} == {"Init", "Std"}


def test_counts_of_std(library: Library) -> None:
    of_std = library.closure(BOTH) - library.closure(INIT)
    named = [theorem for theorem in library.theorems() if theorem.module in of_std]
    assert (len(of_std), len(named)) == (394, 19_809)
    assert all(theorem.statement for theorem in named)
    assert not [c.name for module in of_std for c in library.constants(module) if c.is_true_axiom]


def test_init_is_what_it_was_before_std_stood_beside_it(library: Library) -> None:
    """lean-core's statements, hashes and certificates depend on Init alone."""
    assert library.digest == load_lean_core().header["library_digest"] != library.indexed_digest
    assert library.closure(INIT).isdisjoint(library.closure(BOTH) - library.closure(INIT))


def test_a_theorem_about_a_hash_map_passes_both_kernels(
    imaged: Installation, library: Library, pool: WorkerPool, second: SecondKernel
) -> None:
    statement = "∀ (m : Std.HashMap Nat Nat) (k v : Nat), (m.insert k v)[k]? = some v"
    theorem = Theorem("insert_then_look_up", statement, HASH_MAP)
    stated = state_text(pool, theorem)
    replayed = replay(pool, theorem, ["intro m k v", "simp"])
    with WorkerPool(imaged, 1, role="decide", spares=0) as deciders:
        certificate = Gate(library, deciders, second).check(theorem, replayed.proof_ndjson, stated)
    assert isinstance(certificate, Certificate), certificate
    assert [opinion.verdict for opinion in certificate.kernels.values()] == [KernelVerdict.ACCEPT] * 2


def test_a_theorem_of_std_is_stated_from_its_own_file(library: Library, pool: WorkerPool) -> None:
    name = "Std.HashMap.getElem?_insert_self"
    module = library.constant(name).module
    theorem = Theorem(name, "", library.strict_environment(module), module=module)
    with Dojo(theorem, pool) as (_, state):
        assert "HashMap" in state.pp


def test_lean_itself_cannot_be_imported(pool: WorkerPool) -> None:
    with pytest.raises(DojoInitError, match="Lean"), Dojo(Theorem("t", "True", Environment(("Init", "Lean"))), pool):
        pass


def test_a_text_finds_stds_files_empty(fresh_worker: Worker) -> None:
    """A module's bytes are in Lean's file system only while Lean reads them."""
    path = "/lean/lib/lean/Std/Data/HashMap.olean"
    source = f'#eval do IO.println (← IO.FS.readBinFile "{path}").size\n#eval IO.FS.writeFile "{path}" "planted"'
    for _ in range(2):  # before and after it was imported
        messages = fresh_worker.request("check_text", imports=["Init"], source=source)["messages"]
        assert [message["severity"] for message in messages] == ["information", "error"], messages
        assert messages[0]["data"].strip() == "0"
        fresh_worker.request("check_text", imports=["Init", "Std.Data.HashMap"], source="#check Std.HashMap")
