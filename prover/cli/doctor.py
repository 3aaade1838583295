"""`flywheel doctor`."""

from __future__ import annotations

from rich.table import Table

from prover.cli.context import JsonOption
from prover.cli.output import WorkFailed, console, emit_json


def doctor(json: JsonOption = False) -> None:
    """Says what is missing or switched off on this machine, and which command helps. Exit code 1 if something is.

    Example: flywheel doctor --json
    """
    from lean_env.setup import doctor as diagnosis

    checks = diagnosis.diagnose()
    if json:
        emit_json(checks)
    else:
        table = Table("", "what", "found", "what helps", show_edge=False)
        for check in checks:
            table.add_row("ok" if check.ok else "--", check.name, check.detail, "" if check.ok else check.help)
        console.print(table)
    if any(check.required and not check.ok for check in checks):
        raise WorkFailed("something needed is missing; the table names the command that helps")
