"""Rows become theorems: each is stated in an environment that the embedded Lean serves, and elaborated there.

A statement that needs what stands above it in its file gets that as its header (`lean_env.theorem.Header`); every other
is stated by itself, with the names that its file opened as `open … in` terms. It goes to Lean as every text theorem
does (`lean_env.gate.statement`): one theorem command with our own `sorry`, or nothing. A statement that Lean refuses is
kept with what Lean said. Where only letters are unknown that nobody declared (`xs : List α`), it is stated again under
a header that binds them, as a Lean file without options does.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import lru_cache

from lean_env.benchmark.external.row import Row
from lean_env.embedded.pool import WorkerPool
from lean_env.embedded.worker import WorkerDied
from lean_env.gate.gate import GateError
from lean_env.gate.header_term import HeaderTerm, mentioned
from lean_env.gate.statement import CleanStatement
from lean_env.lean_text.mask import mask
from lean_env.library.expression import Expression, ForAll, Sort
from lean_env.library.index import Library
from lean_env.library.ndjson import NdjsonError
from lean_env.session.stating import StatementRefused, state_text
from lean_env.theorem import Environment, Header, Theorem

#: Where a statement is tried whose own imports cannot be served.
CORE = Environment(("Init",))

#: What Mathlib's notation stands for; these three types are Lean's own. Not `ℕ+` or `ℕ∞`, which are others.
_NOTATION = {"ℕ": "Nat", "ℤ": "Int", "ℚ": "Rat"}
_NOTATION_WORD = re.compile(r"(?<![\w'!?.₀-₉])[ℕℤℚ](?![\w'!?.₀-₉+∞])")
#: What may follow `open`: names, `scoped`, `hiding`, `renaming a → b`, `(a b)`.
_OPENED = re.compile(r"[\w'!?.₀-₉ (),→>-]+")
#: Above a statement that Lean refuses for undeclared letters. It binds letters, as a file without options does, and no
#: longer words: a library's name that is not here is no variable.
AUTO_BOUND = "set_option autoImplicit true\nset_option relaxedAutoImplicit false\n"
_UNKNOWN = re.compile(r"Unknown (?:identifier|constant) `([^`]+)`")
_LETTER = re.compile(r"[a-zα-ωΑ-Ω][0-9₀-₉]*")
#: Above a header whose own imports are not here: an unknown name of theirs (`Finset α`) is then no variable either.
_LETTERS_ALONE = "set_option relaxedAutoImplicit false\n"
#: Letters that Mathlib has notation for; Lean would bind an unknown one like any other letter (`ℝ`).
_FOREIGN = re.compile(r"(?<![\w'!?.₀-₉])[\u2100-\u214f\U0001d400-\U0001d7ff](?![\w'!?.₀-₉])")
_NO_AUTO_BOUND = re.compile(r"autoImplicit\s+false")
#: Of Lean's messages, so much is kept.
_MAX_REASON = 300


@dataclass(frozen=True, slots=True)
class Usable:
    """A theorem that can be attempted. `expression` is its statement; `notes` say what was changed to state it."""

    row: Row
    theorem: Theorem
    expression: Expression
    notes: tuple[str, ...] = ()
    #: The declarations of the theorem's header, '' without one.
    header_ndjson: str = ""


@dataclass(frozen=True, slots=True)
class Unusable:
    """A row that cannot be attempted here, and why."""

    row: Row
    reason: str


@dataclass(slots=True)
class Checker:
    """Asks the workers of `pool` (in which no proof was ever run) about rows. `core`: rows whose imports cannot be
    served are tried in `import Init`, with the opened names that exist there. `under_header` states a theorem that has
    a header, in two processes that agree (`prover.lean.Lean.state_under_header`); without it such rows are unusable.
    """

    pool: WorkerPool
    library: Library
    core: bool = False
    under_header: Callable[[Theorem], CleanStatement] | None = None
    _modules: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        self._modules = frozenset(self.library.modules)
        self._opens = lru_cache(maxsize=None)(self._can_open)

    _opens: Callable[[Environment, tuple[str, ...]], bool] = field(init=False)

    def check(self, rows: Sequence[Row], report: Callable[[int, int], None] | None = None) -> list[Usable | Unusable]:
        """One answer a row, in their order. `report(done, total)` is called as they come in."""
        answers: list[Usable | Unusable] = []
        library = {row.name: self._of_library(row) for row in rows if row.library}
        with ThreadPoolExecutor(self.pool.size, thread_name_prefix="external") as executor:
            for answer in executor.map(lambda row: library.get(row.name) or self._of_text(row), rows):
                answers.append(answer)
                if report is not None:
                    report(len(answers), len(rows))
        return answers

    def _of_library(self, row: Row) -> Usable | Unusable:
        stored, module = self.library.constant(row.library), row.extra.get("module", "")
        if row.objection:
            return Unusable(row, row.objection)
        if stored is None or not module or stored.module != module:
            if self.core and row.conclusion:
                return self._of_text(row)
            where = row.extra.get("file") or "its repository"
            return Unusable(
                row,
                f"named, not stated: the statement is in {where}, which is not Lean's own library here"
                + ("" if self.core or not row.conclusion else " (--core tries what its first state prints)"),
            )
        if not (environment := self.library.strict_environment(module)).imports:
            return Unusable(row, f"{module} imports nothing: no tactic runs there")
        text = next((t.statement for t in self.library.visible(Environment((module,))) if t.name == row.library), "")
        theorem = Theorem(row.library, text, environment, module, expression_hash=stored.type_hash, split=row.split)
        return Usable(row, theorem, self.library.expression(row.library), ("as Lean's library here states it",))

    def _of_text(self, row: Row) -> Usable | Unusable:
        if row.objection:
            return Unusable(row, row.objection)
        notes = [f"beside it, not read: {row.extra['beside']}"] if "beside" in row.extra and not row.above else []
        if row.library:
            notes.append("stated as its first state prints it")
        environment = Environment(row.modules)
        missing = [module for module in environment.imports if module not in self._modules]
        if missing and not self.core:
            return Unusable(
                row, f"{_imported(missing, row)}; the embedded Lean has Init and Std (--core tries it in Init)"
            )
        if missing:
            kept = tuple(module for module in environment.imports if module in self._modules) or CORE.imports
            notes.append(f"import {', '.join(kept)} for {', '.join(missing)}")
            environment = Environment(kept)
        if self.core:
            row, spelled = _in_core_words(row)
            notes += spelled
        if missing and row.header:
            if foreign := _FOREIGN.search(mask(f"{row.header}\n{row.statement}")):
                return Unusable(row, f"`{foreign[0]}` is notation of a library that is not here")
            row = replace(row, first=_LETTERS_ALONE)
        try:
            if row.header:
                return self._under_header(row, environment, notes)
            opens, dropped = self._opened(row, environment, droppable=self.core)
            if dropped:
                notes.append(f"opens nothing of {', '.join(dropped)}")
            try:
                statement, stated = self._stated(row, environment, opens)
            except StatementRefused as refused:
                letters = _undeclared(str(refused.__cause__ or refused))
                forbidden = dropped or any(map(_NO_AUTO_BOUND.search, row.scope.options))
                if not letters or forbidden or self.under_header is None:
                    raise
                return self._auto_bound(row, environment, opens, letters, notes)
            read = stated.read()
        except StatementRefused as refused:
            said = str(refused.__cause__ or refused)
            return Unusable(row, _reason(said if row.own is None else row.own.blame(said), row))
        except WorkerDied as died:
            return Unusable(row, _shortened(f"Lean's worker died of it: {died}"))
        except GateError as error:
            return Unusable(row, _shortened(f"its header was not decided: {error}"))
        except (NdjsonError, ValueError) as error:
            return Unusable(row, _shortened(f"its expression cannot be read: {error}"))
        theorem = Theorem(row.name, statement, environment, expression_hash=read.expression_hash, split=row.split)
        return Usable(row, theorem, read.type, tuple(notes))

    def _under_header(self, row: Row, environment: Environment, notes: list[str]) -> Usable:
        """As its file has it, everything above it in force."""
        if self.under_header is None:
            raise StatementRefused(row.scope.objection(row.statement) or "it needs what stands above it in its file")
        theorem = Theorem(
            row.name, row.statement, Environment(environment.imports, Header(row.header)), split=row.split
        )
        stated = self.under_header(theorem)
        read = stated.read()
        if unfinished := _rests_on_sorry(read.type, stated.header_ndjson):
            raise StatementRefused(f"it is about {unfinished}, which is `sorry` or rests on one")
        theorem = replace(theorem, expression_hash=read.expression_hash)
        return Usable(row, theorem, read.type, tuple(notes), stated.header_ndjson)

    def _auto_bound(
        self, row: Row, environment: Environment, opens: Sequence[str], letters: set[str], notes: list[str]
    ) -> Usable:
        """With its undeclared letters bound in front. Where its own imports are not here, a letter that stands for no
        type may be their notation (`π`), so types alone are bound."""
        notes = [*notes, f"binds {', '.join(sorted(letters))}"]
        header = AUTO_BOUND + "".join(f"open {text}\n" for text in opens)
        usable = self._under_header(replace(row, above=header, first=""), environment, notes)
        only_types = not self._modules.issuperset(row.modules)
        bound = usable.expression
        while isinstance(bound, ForAll):
            if only_types and bound.binder_name in letters and not isinstance(bound.domain, Sort):
                raise StatementRefused(f"unknown identifier `{bound.binder_name}`, which stands for no type")
            bound = bound.body
        return replace(usable, row=row)

    def _opened(self, row: Row, environment: Environment, droppable: bool) -> tuple[tuple[str, ...], list[str]]:
        """What of the scope's opened names and namespaces this environment has, and what was dropped.

        A `namespace` that nobody has filled yet opens nothing. A name after `open` must exist, unless `droppable`.
        """
        opens: tuple[str, ...] = ()
        dropped: list[str] = []
        for text, own in [*((name, True) for name in row.scope.namespaces), *((o, False) for o in row.scope.opens)]:
            if self._opens(environment, (*opens, text)):
                opens = (*opens, text)
            elif own:
                continue
            elif droppable:
                dropped.append(text)
            else:
                raise StatementRefused(f"`open {text}` is not possible with imports {environment.key}")
        return tuple(dict.fromkeys(opens)), dropped

    def _can_open(self, environment: Environment, opens: tuple[str, ...]) -> bool:
        if not _OPENED.fullmatch(opens[-1]):
            return False
        try:
            self._state(Theorem("probe", f": {_prefix(opens)}True", environment))
        except StatementRefused:
            return False
        return True

    def _stated(self, row: Row, environment: Environment, opens: tuple[str, ...]) -> tuple[str, CleanStatement]:
        """The statement as text and as Lean read it: without its opened names where that is the same expression."""
        plain = row.statement
        if not opens:
            return plain, self._state(Theorem(row.name, plain, environment))
        quantified = f"∀ {row.binders}, {row.conclusion}" if row.binders else row.conclusion
        scoped = f": {_prefix(opens)}{quantified}"
        stated = self._state(Theorem(row.name, scoped, environment))
        try:
            if self._state(Theorem(row.name, plain, environment)) == stated:
                return plain, stated
        except StatementRefused:
            pass
        return scoped, stated

    def _state(self, theorem: Theorem) -> CleanStatement:
        return state_text(self.pool, theorem)


def _prefix(opens: Sequence[str]) -> str:
    return "".join(f"open {text} in " for text in opens)


def _in_core_words(row: Row) -> tuple[Row, list[str]]:
    """The row with `Nat`, `Int` and `Rat` for Mathlib's notation of them."""
    used: list[str] = []

    def spelled(text: str) -> str:
        code, pieces, last = mask(text), [], 0
        for found in _NOTATION_WORD.finditer(code):
            pieces += [text[last : found.start()], _NOTATION[found[0]]]
            used.append(f"{found[0]} as {_NOTATION[found[0]]}")
            last = found.end()
        return "".join([*pieces, text[last:]])

    own = row.own and replace(row.own, text=spelled(row.own.text))
    changed = replace(row, binders=spelled(row.binders), conclusion=spelled(row.conclusion), above=spelled(row.above))
    return replace(changed, own=own), sorted(set(used))


def _rests_on_sorry(statement: Expression, header_ndjson: str) -> str:
    """The first constant of its header that a statement names and that rests on `sorry`; no proof of it is ever
    accepted."""
    header = HeaderTerm.read(header_ndjson)
    named = sorted(mentioned([statement])[0] & header.home.keys())
    return next((name for name in named if "sorryAx" in header.needed_by(header.closure([name]))), "")


def _imported(missing: Sequence[str], row: Row) -> str:
    """What is not here, and how its file comes to it where a module of its repository does."""
    ways = row.own.ways if row.own is not None else {}
    behind = [ways[module] for module in missing if ", which imports " in ways.get(module, "")]
    return behind[0] if behind else f"imports {', '.join(missing)}"


def _undeclared(said: str) -> set[str]:
    """The letters for which alone Lean refused a statement, or nothing."""
    names = set(_UNKNOWN.findall(said))
    return names if all(_LETTER.fullmatch(name) for name in names) else set()


def _reason(said: str, row: Row) -> str:
    """Lean's message, and what cannot be written in a statement where that is the cause."""
    if own := re.match(r"line (\d+)(?=: )", said):
        # Lean has counted the lines of the header, and its reader looks for those of the file.
        said = f"line {int(own[1]) - row.first.count(chr(10)) + row.above_line - 1}{said[own.end() :]}"
    if row.scope.universes and "universe" in said:
        return _shortened(f"a statement here cannot name universes: {said}")
    return _shortened(said)


def _shortened(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _MAX_REASON else text[: _MAX_REASON - 1] + "…"
