"""The statement that a proof must prove, as an expression from a source that no proof text can have touched."""

from __future__ import annotations

from dataclasses import dataclass

from lean_env.library.expression import Expression, expression_hash
from lean_env.library.ndjson import read_expression


@dataclass(frozen=True, slots=True)
class CleanStatement:
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
