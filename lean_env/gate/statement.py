"""The statement that a proof must prove, as an expression from a source that no proof text can have touched."""

from __future__ import annotations

from dataclasses import dataclass

from lean_env.gate.header_term import NO_HEADER, HeaderTerm
from lean_env.library.expression import Expression
from lean_env.library.ndjson import read_expression


@dataclass(frozen=True, slots=True)
class CleanStatement:
    """A text theorem's statement as a worker elaborated it that has seen no model text: lean4export NDJSON of the
    closed type, and the names of its universe parameters. Store it with the text; it is what the gate goes by.

    `header_ndjson` are the declarations of its header, "" without one: two such workers agreed on both."""

    expression_ndjson: str
    levels: tuple[str, ...]
    header_ndjson: str = ""

    def read(self) -> Statement:
        """The statement itself. Raises NdjsonError, ValueError for what is no closed type over `levels`."""
        expression = read_expression(self.expression_ndjson, self.levels)
        header = HeaderTerm.read(self.header_ndjson) if self.header_ndjson else NO_HEADER
        return Statement(expression, self.levels, header.statement_hash(expression, self.levels), header)


@dataclass(frozen=True, slots=True)
class Statement:
    """A closed type over `level_params`, and the hash by which it is known; the header's constants count by content."""

    type: Expression
    level_params: tuple[str, ...]
    expression_hash: str
    header: HeaderTerm = NO_HEADER
