"""Statements that come as text: elaborated once, by a worker that has seen no proof text."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from lean_env.embedded.pool import WorkerPool
from lean_env.embedded.worker import LeanRefused
from lean_env.gate.statement import CleanStatement
from lean_env.lean_text.theorems import bare_signature
from lean_env.theorem import Environment, Header, Theorem

#: What Lean declares beside a statement that has a `match` in it, or a proof.
_AUXILIARY = re.compile(r"the statement needs (?:_private\.0\.statement|flywheel\.statement)\.")


class StatementRefused(Exception):
    """Lean does not understand the text of a statement; the message is Lean's."""


def state_text(clean_pool: WorkerPool, theorem: Theorem, witnesses: WorkerPool | None = None) -> CleanStatement:
    """Elaborates a text theorem's statement, under its header if it has one.

    `clean_pool` must be one in which no proof was ever run: elaborated tactics can corrupt their worker, and the next
    statement that it elaborates with it. So a statement that runs code itself is refused, and its worker replaced.

    A header brings proofs and notations of its own, so under one a worker of `witnesses`, another such pool, elaborates
    both again, and must come to the same text. Raises StatementRefused, WorkerDied; ValueError for a header without
    witnesses.
    """
    if theorem.environment.header is None:
        return _state(clean_pool, theorem)
    if witnesses is None or witnesses is clean_pool:
        raise ValueError("a header is elaborated in two processes: give another pool")
    with ThreadPoolExecutor(1, "witness") as both:
        second = both.submit(_state, witnesses, theorem)
        first = _state(clean_pool, theorem)
        if second.result() != first:
            raise StatementRefused("two processes elaborate its header, or its statement, to different terms")
    return first


def with_auxiliaries(theorem: Theorem, refused: StatementRefused) -> Theorem | None:
    """The theorem under a header that has what Lean declares beside its statement, if it was refused for that.

    A `match`, or a proof inside of it, becomes a constant of its own, which a statement alone cannot bring. Lean makes
    it once an environment: a theorem in the header that says the same, or nothing, brings it."""
    if not _AUXILIARY.search(str(refused.__cause__ or refused)):
        return None
    binders, conclusion, _ = bare_signature(theorem.statement)
    environment = theorem.environment
    above = "" if environment.header is None else environment.header.text
    beside = f"theorem auxiliaries_of_the_statement {binders} : ({conclusion}) ∨ True := Or.inr True.intro\n"
    return replace(theorem, environment=Environment(environment.imports, Header(f"{above}{beside}")))


def _state(pool: WorkerPool, theorem: Theorem) -> CleanStatement:
    environment, header = theorem.environment, ""
    with pool.lease(environment) as worker:
        limits = pool.limits
        try:
            if environment.header is not None:
                reply = worker.request(
                    "export_header", wall_s=limits.opening_s, header_ms=limits.header_ms, **environment.fields()
                )
                header = str(reply["ndjson"])
        except LeanRefused as refused:
            raise StatementRefused(f"its header: {refused.message}") from refused
        try:
            reply = worker.request(
                "open_text",
                wall_s=limits.opening_s,
                statement=theorem.statement,
                name=theorem.name,
                **environment.fields(),
            )
        except LeanRefused as refused:
            raise StatementRefused(f"`{theorem.statement}` is no statement: {refused.message}") from refused
        if worker.ran_code:
            raise StatementRefused(f"`{theorem.statement}` runs code when it is elaborated (`native_decide`?)")
        worker.request("drop", states=[reply["state"]])
    return CleanStatement(str(reply["expression"]), tuple(reply["levels"]), header)
