"""Nothing in gate/ sends text to a worker of role `elaborate`: its code is read for what it leases and what it asks.

A worker of that role runs whatever a text says, so its word must decide nothing. The rule is held three times. `Gate`
takes a pool of role `decide` and no other (test_gate.py). The host of such a worker refuses every operation that reads
text. And the test here sees a change of the gate's code that breaks the rule before it runs.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from lean_env.embedded.installation import Installation
from lean_env.embedded.worker import LeanRefused, Worker
from lean_env.theorem import Environment

ROOT = Path(__file__).resolve().parents[3]
GATE = sorted((ROOT / "lean_env" / "gate").rglob("*.py"))
HOST = ROOT / "lean_env" / "embedded" / "host" / "server.js"

#: What the gate may use of embedded/. `WorkerPool` and `Worker` are types there: it makes neither.
MODULES = {
    "lean_env.embedded.installation",
    "lean_env.embedded.pool",
    "lean_env.embedded.protocol",
    "lean_env.embedded.worker",
}
MAKERS = {"WorkerPool", "Worker"}
#: The one library module that leases workers itself, and has them print, and the one that calls it.
ASK_LEAN = {"lean_env.library.statements", "lean_env.library.building"}


def deciding_operations() -> set[str]:
    """What the worker's host does for role `decide`, apart from telling its memory."""
    table = re.search(r"^  decide: \{ \.\.\.SHARED, (.*) \},$", HOST.read_text(), re.MULTILINE)
    assert table is not None, "the host's table of operations is written another way now: read it again"
    return {entry.split(":")[0] for entry in table[1].split(", ")}


def offences(source: str) -> list[str]:
    """What in this source of a gate's module could reach an elaborating worker."""
    tree = ast.parse(source)
    found: list[str] = []
    made: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [f"imports {one.name} whole" for one in node.names if one.name.startswith("lean_env.embedded")]
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            if module.startswith("lean_env.embedded") and module not in MODULES:
                found.append(f"imports {module}")
            if module in ASK_LEAN:
                found.append(f"imports {module}, which asks elaborating workers")
            made |= {one.asname or one.name for one in node.names if one.name in MAKERS}
    called = {id(node.func): node for node in ast.walk(tree) if isinstance(node, ast.Call)}
    allowed = deciding_operations()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in made:
            found.append(f"makes a {node.func.id}")
        if not isinstance(node, ast.Attribute) or node.attr not in ("lease", "request"):
            continue
        call = called.get(id(node))
        if node.attr == "lease" and (call is None or ast.unparse(node.value) != "self._deciders"):
            found.append(f"leases from {ast.unparse(node.value)}")
        if node.attr == "request":
            operation = call.args[0] if call is not None and call.args else None
            if not isinstance(operation, ast.Constant) or operation.value not in allowed:
                found.append(f"asks for {ast.unparse(operation) if operation is not None else 'something unnamed'}")
    return found


@pytest.mark.parametrize("path", GATE, ids=lambda path: str(path.relative_to(ROOT / "lean_env")))
def test_the_gate_asks_deciding_workers_and_no_others(path: Path):
    assert offences(path.read_text()) == []


def test_the_gate_does_ask():
    """Otherwise the test above would hold of a gate that asks in another way."""
    text = (ROOT / "lean_env" / "gate" / "gate.py").read_text()
    assert "self._deciders.lease(" in text and "worker.request(" in text


@pytest.mark.parametrize(
    ("source", "offence"),
    [
        ("from lean_env.embedded.pool import WorkerPool\npool = WorkerPool(i, 1)", "makes a WorkerPool"),
        ("from lean_env.embedded.worker import Worker as W\nW(i)", "makes a W"),
        ("import lean_env.embedded.pool", "imports lean_env.embedded.pool whole"),
        ("from lean_env.embedded.node import boot", "imports lean_env.embedded.node"),
        (
            "from lean_env.library.statements import x",
            "imports lean_env.library.statements, which asks elaborating workers",
        ),
        (
            "from lean_env.library.building import build",
            "imports lean_env.library.building, which asks elaborating workers",
        ),
        ("with staters.lease(e) as worker: pass", "leases from staters"),
        ("take = self._deciders.lease", "leases from self._deciders"),
        ("worker.request('open_text', statement=text)", "asks for 'open_text'"),
        ("worker.request('check_text', source=text)", "asks for 'check_text'"),
        ("worker.request(operation, proof=p)", "asks for operation"),
        ("ask = worker.request", "asks for something unnamed"),
    ],
)
def test_what_would_break_it_is_seen(source: str, offence: str):
    assert offence in offences(source)


def test_a_deciding_worker_reads_no_text(installation: Installation):
    """Were the gate to send a text after all, its worker would refuse to elaborate it."""
    imports = list(Environment(("Init",)).imports)
    worker = Worker(installation, "decide")
    try:
        worker.await_ready()
        for operation, text in (("open_text", {"statement": "1 = 1"}), ("check_text", {"source": "#eval 1"})):
            with pytest.raises(LeanRefused, match=f"no operation {operation} for role decide"):
                worker.request(operation, imports=imports, **text)
    finally:
        worker.close()
