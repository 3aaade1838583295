"""The cases of this folder and how each is put to Lean, to two rules of others, to the gate, and to each kernel alone.

`README.md` beside this file says what a case may hold. `test_attacks.py` runs them, `scoreboard.py` counts.
"""

from __future__ import annotations

import importlib.util
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from lean_env.embedded.installation import Installation
from lean_env.embedded.pool import WorkerPool
from lean_env.embedded.worker import LeanRefused, Worker, WorkerDied
from lean_env.gate.proof_term import ProofTerm
from lean_env.gate.second_kernel import image
from lean_env.gate.second_kernel.process import ServerGone, ServerProcess, server_command
from lean_env.gate.second_kernel.wheel import find_shared_library
from lean_env.gate.statement import CleanStatement
from lean_env.library.index import Library
from lean_env.library.ndjson import NdjsonError, read_expression
from lean_env.library.ndjson_writer import write_expression
from lean_env.limits import Limits
from lean_env.session.dojo import Dojo
from lean_env.session.leandojo import DojoCrashError, ProofFinished, TacticState
from lean_env.session.outcomes import Outcome
from lean_env.theorem import Environment, Theorem

# After lean_env.session.leandojo, which makes this import silent and local.
from lean_dojo.interaction.dojo import _SORRY_WARNING_REGEX as SORRY_WARNING  # isort: skip

HERE = Path(__file__).parent
#: For every case but the bombs: large enough for each honest proof here on a busy machine.
LIMITS = Limits(soft_ms=10_000, hard_margin_ms=1_500)
#: For cases that end at a limit or would.
BOMB = Limits(soft_ms=1_200, hard_margin_ms=800)


@dataclass(frozen=True)
class Case:
    """`fields` as in the class's attack.toml, or those of an entry of its exports.py, which has `export`."""

    folder: str
    fields: Mapping[str, Any]

    def __str__(self) -> str:
        return f"{self.folder}-{self.fields['name']}"

    @property
    def verdict(self) -> str:
        return str(self.fields["verdict"])

    @property
    def row(self) -> str:
        """Where the table counts it: an honest proof in a class of attacks is no attack."""
        return self.folder if self.verdict != "accepted" or self.folder == "honest" else "honest look-alikes"

    @property
    def limits(self) -> Limits:
        return BOMB if self.verdict in ("stopped", "error") else LIMITS


def cases() -> list[Case]:
    """All of them, by folder."""
    found = []
    for folder in sorted(HERE.iterdir()):
        if (file := folder / "attack.toml").exists():
            found += [Case(folder.name, case) for case in tomllib.loads(file.read_text())["case"]]
        if (file := folder / "exports.py").exists():
            found += [Case(folder.name, case) for case in _module(file).CASES]
    return found


def _module(file: Path) -> Any:
    spec = importlib.util.spec_from_file_location(f"{file.parent.name}_{file.stem}", file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def theorem_of(case: Case, library: Library) -> Theorem:
    fields = case.fields
    if "library" in fields:
        constant = library.constant(fields["library"])
        assert constant is not None
        environment = library.strict_environment(constant.module)
        return Theorem(constant.name, "", environment, constant.module, constant.type_hash)
    return Theorem("attack", fields.get("statement", ""), Environment(tuple(fields.get("imports", ["Init"]))))


def run_tactics(theorem: Theorem, case: Case, pool: WorkerPool) -> tuple[Outcome, str | None, str]:
    """The last outcome, the export if a proof was claimed, and the worker's reason otherwise."""
    tactics = case.fields["tactics"]
    with Dojo(theorem, pool, case.limits) as (dojo, root):
        state = root
        for tactic in tactics:
            (step,) = dojo.run_tacs(state, [tactic])
            if isinstance(step.result, ProofFinished):
                assert tactic is tactics[-1], "the proof was over before its last tactic"
                try:
                    return step.outcome, dojo.export_proof(step.result), ""
                except (LeanRefused, DojoCrashError) as error:
                    return Outcome.FAILED, None, f"not exported: {error}"
            if not isinstance(step.result, TacticState):
                return step.outcome, None, f"{step.outcome}: {step.result}"
            state = step.result
    return Outcome.ADVANCED, None, f"goals are left:\n{state.pp}"


class TextJudge:
    """What one gets who believes Lean's messages about a whole file. One worker, which no other test believes."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self._worker: Worker | None = None

    def close(self) -> None:
        if self._worker is not None:
            self._worker.close()

    def judge(self, case: Case, theorem: Theorem) -> tuple[bool, bool]:
        """(Lean's exit code is 0, LeanDojo's check_proof says True) for the case's whole text.

        Exit code: no message is an error. check_proof: the same, and no warning that its own regular expression takes
        for a sorry lies within the theorem's lines. It writes the stored statement itself, so what a case has `before`
        its theorem does not reach it; otherwise both columns come from the same reply. The text has the line
        `set_option maxHeartbeats 0 in` that check_proof adds.
        """
        before = str(case.fields.get("before", ""))
        text, first, last = self._text(case, theorem, before)
        exit_code = self._messages(case, theorem, text)
        if not before:
            return self._fine(exit_code), self._check_proof(exit_code, first, last)
        text, first, last = self._text(case, theorem, "")
        return self._fine(exit_code), self._check_proof(self._messages(case, theorem, text), first, last)

    def _text(self, case: Case, theorem: Theorem, before: str) -> tuple[str, int, int]:
        head = f"{before}\n\nset_option maxHeartbeats 0 in\n"
        statement = theorem.statement
        if theorem.module is not None:
            (printed,) = self._living().request(
                "print", imports=list(theorem.environment.imports), names=[theorem.name]
            )["statements"]
            levels = f".{{{', '.join(printed['levels'])}}}" if printed["levels"] else ""
            statement = f"{levels} : {printed['text']}"
        block = "\n".join(case.fields.get("tactics", []))
        body = case.fields.get("body") or "by\n" + "\n".join(f"  {line}" for line in block.split("\n"))
        middle = f"theorem attack{'' if statement.startswith('.') else ' '}{statement} := {body}\n"
        first = head.count("\n") + 1
        return head + middle + str(case.fields.get("after", "")), first, first + middle.count("\n")

    def _messages(self, case: Case, theorem: Theorem, text: str) -> list[dict[str, Any]] | None:
        """None when Lean was stopped or died, or has no such import: no exit code 0 either."""
        limits = case.limits
        try:
            reply = self._living().request(
                "check_text",
                wall_s=(limits.soft_ms + limits.hard_margin_ms) / 1000,
                imports=list(theorem.environment.imports),
                source=text,
                soft_ms=limits.soft_ms,
            )
        except (LeanRefused, WorkerDied):
            return None
        return list(reply["messages"])

    def _living(self) -> Worker:
        if self._worker is None or not self._worker.alive:
            self.close()
            self._worker = Worker(self._installation, "elaborate")
            self._worker.await_ready()
        return self._worker

    @staticmethod
    def _fine(messages: list[dict[str, Any]] | None) -> bool:
        return messages is not None and all(message["severity"] != "error" for message in messages)

    def _check_proof(self, messages: list[dict[str, Any]] | None, first: int, last: int) -> bool:
        if messages is None or not self._fine(messages):
            return False
        output = "\n".join(f"a.lean:{m['line']}:{m['column']}: {m['severity']}: {m['data']}" for m in messages)
        return not any(first <= int(found["line"]) <= last for found in SORRY_WARNING.finditer(output))


class KernelsAlone:
    """Each kernel with nothing before it: no comparison of types but its own, no list of constants or axioms."""

    def __init__(self, installation: Installation, library: Library) -> None:
        self._deciders = WorkerPool(installation, 1, role="decide", spares=0)
        path, record = image.find(installation.root, library.indexed_digest)
        self._command = server_command(find_shared_library(), path, record.sha256)
        self._second: ServerProcess | None = None
        self._library = library

    def close(self) -> None:
        self._deciders.close()
        if self._second is not None:
            self._second.close()

    def judge(
        self, case: Case, theorem: Theorem, stated: CleanStatement | None, export: str
    ) -> tuple[bool, bool] | tuple[None, None]:
        """(the embedded kernel, the second one) accepts; None for an export that our reader refuses."""
        try:
            proof = ProofTerm.read(export)
            proof_text = proof.kernel_ndjson()
            if theorem.module is not None:
                first: dict[str, Any] = {"library": theorem.name}
                second = first
            else:
                assert stated is not None
                type_ = read_expression(stated.expression_ndjson, stated.levels)
                universes = proof.target.level_params
                renamed = dict(zip(stated.levels, universes, strict=True))
                first = {"expression": write_expression(type_, renamed), "levels": list(universes)}
                second = {"expression": write_expression(type_), "levels": list(stated.levels)}
        except (NdjsonError, ValueError):
            return None, None
        seconds = case.limits.soft_ms / 1000
        return self._embedded(theorem, first, proof_text, case.limits), self._newer(second, proof_text, seconds)

    def _embedded(self, theorem: Theorem, target: dict[str, Any], proof: str, limits: Limits) -> bool:
        with self._deciders.lease(theorem.environment) as worker:
            try:
                reply = worker.request(
                    "kernel_check",
                    wall_s=(limits.soft_ms + limits.hard_margin_ms) / 1000,
                    imports=list(theorem.environment.imports),
                    target=target,
                    proof=proof,
                    soft_ms=limits.soft_ms,
                    heartbeats=limits.heartbeats,
                )
            except (LeanRefused, WorkerDied):
                worker.tainted = True
                return False
        return bool(reply["verdict"] == "accept")

    def _newer(self, statement: dict[str, Any], proof: str, seconds: float) -> bool:
        request = {"proof": proof, "statement": statement, "wall_s": seconds, "cpu_s": 20, "memory_mb": 2048}
        if self._second is None:
            self._second = ServerProcess(self._command)
        try:
            return bool(self._second.ask(request, seconds + 10)["verdict"] == "accept")
        except ServerGone:
            self._second = None
            return False


@cache
def classes() -> tuple[str, ...]:
    """The folders of classes, in the order of their numbers; `honest` is last. `headers` is none."""
    folders = [folder.name for folder in HERE.iterdir() if folder.is_dir() and not folder.name.startswith("_")]
    folders.remove("headers")
    return tuple(sorted(folders, key=lambda name: int("0" + "".join(filter(str.isdigit, name.split("_")[0]))) or 99))
