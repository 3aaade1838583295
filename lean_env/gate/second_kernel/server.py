"""The process that holds the second kernel and the library; it checks each proof in a forked child with limits.

    python -m lean_env.gate.second_kernel.server LIBLEANSHARED IMAGE SHA256      (client.py starts it)

It reads frames from stdin and answers on stdout, one request at a time. A child starts with everything mapped (fork:
2 ms), so nothing that a proof does is left for the next one. A crash, a stack overflow or an endless reduction ends the
child alone. The child dies with the server, and the server with whoever started it.

A child adds to the library's environment the proof's auxiliaries, the proof, and then a theorem. That theorem states
what was to be proved, in the statement's own words, and has the proof as its proof. So the kernel says whether the
right thing was proved. For a library theorem the words are those of the library in the image.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import resource
import select
import signal
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from lean_env.embedded.protocol import FrameReader, encode
from lean_env.gate.certificate import KernelVerdict, Opinion
from lean_env.gate.second_kernel import ffi
from lean_env.gate.second_kernel.ffi import NativeKernelError, NativeLean, Value
from lean_env.gate.second_kernel.terms import NativeTerms
from lean_env.gate.second_kernel.wheel import SHARED_LIBRARY_SHA256, SecondKernelUnavailable, sha256_of
from lean_env.library.header_ndjson import read_header
from lean_env.library.inductive import Declared, InductiveGroup
from lean_env.library.ndjson import ExportedDeclaration, read_expression
from lean_env.library.olean import Kind

#: Kernel exceptions that say nothing about the proof: a limit, or a constant that the image lacks.
_UNDECIDED = {
    "deterministicTimeout",
    "excessiveMemory",
    "deepRecursion",
    "interrupted",
    "unknownConstant",
    ffi.TOO_LARGE,
}

#: The name of the theorem that restates the goal.
_STATED = "flywheel.stated"

#: How often an idle or waiting server looks whether it still has a parent, in seconds.
_LOOK_AROUND_S = 1.0

_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG


class Declined(Exception):
    """Nothing was decided about the proof; the text says why."""


class Server:
    """The loaded kernel, and how one request is answered. Raises SecondKernelUnavailable, OSError, RuntimeError."""

    def __init__(self, shared_library: Path, image: Path, image_sha256: str) -> None:
        for path, expected in ((shared_library, SHARED_LIBRARY_SHA256), (image, image_sha256)):
            if sha256_of(path) != expected:
                raise SecondKernelUnavailable(
                    f"{path.name} is not what it was: `flywheel setup` mends the image, pip the library"
                )
        self.lean = NativeLean(shared_library)
        self.lean.restore(image)
        self.terms = NativeTerms(self.lean)
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        self.mapped_bytes = pages * resource.getpagesize()

    def check(self, request: Mapping[str, Any]) -> Opinion:
        """The verdict on a request's proof, in this process: for the child. `statement` is either
        {"library": name} or {"expression": NDJSON, "levels": [names]}."""
        try:
            *above, proof = read_header(request["proof"])
            for declaration in (*above, proof):
                self._add(declaration)
            assert isinstance(proof, ExportedDeclaration)
            self._restate(request["statement"], proof)
        except NativeKernelError as error:
            verdict = KernelVerdict.DECLINED if error.kind in _UNDECIDED else KernelVerdict.REJECT
            return Opinion(verdict, str(error))
        except Declined as error:
            return Opinion(KernelVerdict.DECLINED, str(error))
        return Opinion(KernelVerdict.ACCEPT)

    def _add(self, it: Declared) -> None:
        lean, terms = self.lean, self.terms
        if isinstance(it, InductiveGroup):
            types = [
                (
                    terms.name(one.name),
                    terms.expression(one.type),
                    [(terms.name(each.name), terms.expression(each.type)) for each in one.constructors],
                )
                for one in it.types
            ]
            lean.add(lean.inductive(terms.names(it.level_params), it.parameters, types))
            return
        name, levels = terms.name(it.name), terms.names(it.level_params)
        type_, value = terms.expression(it.type), terms.expression(it.value)
        if it.kind is Kind.THEOREM:
            lean.add(lean.theorem(name, levels, type_, value))
        elif it.kind is Kind.DEFINITION:
            lean.add(lean.definition(name, levels, type_, value, it.hints))
        else:
            lean.add(lean.opaque(name, levels, type_, value))

    def _restate(self, statement: Mapping[str, Any], proof: ExportedDeclaration) -> None:
        lean, terms = self.lean, self.terms
        levels: list[Value]
        if "library" in statement:
            stored = lean.find(terms.name(statement["library"]))
            if stored is None:
                raise Declined(f"its image of the library lacks {statement['library']}")
            header = ffi.field(ffi.field(stored, 0), 0)
            levels, type_ = ffi.items(ffi.field(header, 1)), ffi.field(header, 2)
        else:
            levels = terms.names(statement["levels"])
            type_ = terms.expression(read_expression(statement["expression"], statement["levels"]))
        proved = lean.constant(terms.name(proof.name), [lean.param(level) for level in levels])
        lean.add(lean.theorem(terms.name(_STATED), levels, type_, proved))


# ---- the child ----


def _in_child(server: Server, request: Mapping[str, Any], result: int) -> None:
    """Checks and writes the answer to `result`; never returns."""
    try:
        _limit(cpu_s=request["cpu_s"], memory_bytes=server.mapped_bytes + (request["memory_mb"] << 20))
        try:
            opinion = server.check(request)
        except Exception as error:  # ours, not the proof's: the gate read this proof before
            opinion = Opinion(KernelVerdict.DECLINED, f"{type(error).__name__}: {error}")
        os.write(result, json.dumps([opinion.verdict, opinion.reason[:2000]]).encode())
    finally:
        os._exit(0)


def _limit(cpu_s: int, memory_bytes: int) -> None:
    """Bounds the child. The memory is what the server has mapped and more: Lean's allocator reserves 2 GB of addresses
    that it never touches, and a flat limit would keep the stack from growing, so that deep terms looked like crashes.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s + 1))  # SIGXCPU, then SIGKILL
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))


# ---- the server ----


def _decide(server: Server, request: Mapping[str, Any], requests: int, orphaned: Callable[[], bool]) -> Opinion:
    """Forks, waits for the child's answer within `wall_s` and puts an end to it. Exits when the parent is gone."""
    read, write = os.pipe()
    parent = os.getpid()
    child = os.fork()
    if child == 0:
        ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)
        os.close(read)
        _in_child(server, request, write)
    os.close(write)
    deadline = time.monotonic() + request["wall_s"]
    answer = b""
    ended = False
    try:
        while not ended and (left := deadline - time.monotonic()) > 0:
            ready, _, _ = select.select([read, requests], [], [], min(left, _LOOK_AROUND_S))
            if requests in ready or orphaned():  # while a request is under way, stdin can only end
                sys.exit(0)
            if read in ready:
                data = os.read(read, 1 << 16)
                answer += data
                ended = not data
    finally:
        os.close(read)
        if not ended:
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
    if not ended:
        return Opinion(KernelVerdict.DECLINED, f"no verdict within {request['wall_s']:g} s")
    if not answer:
        return Opinion(KernelVerdict.DECLINED, f"its process ended ({_manner(os.waitstatus_to_exitcode(status))})")
    verdict, reason = json.loads(answer)
    return Opinion(KernelVerdict(verdict), reason)


def _manner(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


def main() -> None:
    parent = os.getppid()

    def orphaned() -> bool:
        return os.getppid() != parent

    shared_library, image, image_sha256 = sys.argv[1:]
    requests = sys.stdin.fileno()
    replies = os.dup(sys.stdout.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # whatever Lean prints is no reply
    try:
        server = Server(Path(shared_library), Path(image), image_sha256)
    except (SecondKernelUnavailable, OSError, RuntimeError, AttributeError) as error:
        _write(replies, encode({"ready": False, "reason": str(error)}))
        sys.exit(1)
    _write(replies, encode({"ready": True, "lean": ffi.VERSION, "githash": server.lean.githash}))
    gc.collect()
    gc.freeze()  # a collection in a child would touch, and so copy, every object that it inherited
    gc.disable()
    reader = FrameReader()
    while True:
        while (request := reader.next()) is None:
            ready, _, _ = select.select([requests], [], [], _LOOK_AROUND_S)
            if orphaned():
                return
            if ready:
                data = os.read(requests, 1 << 20)
                if not data:
                    return
                reader.feed(data)
        opinion = _decide(server, request, requests, orphaned)
        _write(replies, encode({"id": request["id"], "verdict": opinion.verdict, "reason": opinion.reason}))


def _write(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


if __name__ == "__main__":
    main()
