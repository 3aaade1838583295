"""The statement that a proof must prove, as an expression from a source that no proof text can have touched."""

from __future__ import annotations

from dataclasses import dataclass

from lean_env.embedded.pool import WorkerPool
from lean_env.embedded.worker import LeanRefused
from lean_env.library.expression import Expression, expression_hash
from lean_env.library.ndjson import read_expression
from lean_env.theorem import Theorem


class StatementRefused(Exception):
    """Lean does not understand the text of a statement; the message is Lean's."""


@dataclass(frozen=True, slots=True)
class StatedText:
    """A text theorem's statement as a worker elaborated it that has seen no model text: lean4export NDJSON of the
    closed type, and the names of its universe parameters. Store it with the text; it is what the gate goes by."""

    expression_ndjson: str
    levels: tuple[str, ...]

    def read(self) -> Statement:
        """The statement itself. Raises NdjsonError, ValueError for what is no closed type over `levels`."""
        expression = read_expression(self.expression_ndjson, self.levels)
        return Statement(expression, self.levels, expression_hash(expression, self.levels))


@dataclass(frozen=True, slots=True)
class Statement:
    """A closed type over `level_params`, and its canonical hash."""

    type: Expression
    level_params: tuple[str, ...]
    expression_hash: str


def state_text(clean_pool: WorkerPool, theorem: Theorem) -> StatedText:
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
    return StatedText(str(reply["expression"]), tuple(reply["levels"]))
