"""Statements that come as text: elaborated once, by a worker that has seen no proof text."""

from __future__ import annotations

from lean_env.embedded.pool import WorkerPool
from lean_env.embedded.worker import LeanRefused
from lean_env.gate.statement import CleanStatement
from lean_env.theorem import Theorem


class StatementRefused(Exception):
    """Lean does not understand the text of a statement; the message is Lean's."""


def state_text(clean_pool: WorkerPool, theorem: Theorem) -> CleanStatement:
    """Elaborates a text theorem's statement.

    `clean_pool` must be one in which no proof was ever run: elaborated tactics can corrupt their worker, and the next
    statement that it elaborates with it. So a statement that runs code itself is refused, and its worker replaced.
    Raises StatementRefused, WorkerDied.
    """
    with clean_pool.lease(theorem.environment) as worker:
        try:
            reply = worker.request(
                "open_text",
                imports=list(theorem.environment.imports),
                statement=theorem.statement,
                name=theorem.name,
            )
        except LeanRefused as refused:
            raise StatementRefused(f"`{theorem.statement}` is no statement: {refused.message}") from refused
        if worker.ran_code:
            raise StatementRefused(f"`{theorem.statement}` runs code when it is elaborated (`native_decide`?)")
        worker.request("drop", states=[reply["state"]])
    return CleanStatement(str(reply["expression"]), tuple(reply["levels"]))
