"""Actions for equations over one binary operation: what the benchmark lean-magma allows, one elementary step each.

A goal `l = r` with laws among its hypotheses can be rewritten at one place by an instance of a law, be closed by an
instance or by `rfl`, get a partial instance of a law, or a small law to be proved first. A goal that denies an
implication can be refuted by a table. Nothing here searches by itself but Lean's unifier on given terms.

Pointers are locals and then *terms*: the subterms of the goal, and variables. A rewrite points at the place and, where
the law brings variables of its own, at the term that fills them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from lean_env.benchmark.lean_magma.laws import law
from lean_env.benchmark.lean_magma.statements import refutation, universal
from lean_env.benchmark.lean_magma.tables import Table
from prover.actions.elementary import is_elementary
from prover.actions.forms import Slot, Template
from prover.actions.matching import usage
from prover.actions.trees import (
    Known,
    Tree,
    applied,
    argument,
    equation_of,
    law_of,
    matched,
    names_in,
    replaced,
    size_of,
    subterms,
    written,
)
from prover.goal import Goal, LocalKind

#: Template, first and second pointer, -1 for none.
Row = tuple[int, int, int]

#: At most so many terms can be pointed at, and so many fill a free variable.
TERMS, FILLERS = 16, 6
#: Laws that may be proved first: all elements are equal, idempotence, the two projections, commutativity, constancy.
LEMMAS = (2, 3, 4, 5, 43, 46)
#: Tables that a denial may be proved by: all of size 2, and of sizes 3 to 5 those that refute most of what smaller ones
#: do not, found greedily over pairs of train laws. They refute 99.3 % of the pairs that all 3,572 tables refute.
TABLES = (
    *(Table(2, number) for number in (0, 12, 10, 6, 3, 5, 4, 2, 1, 8)),
    *(
        Table(3, number)
        for number in (
            *(162, 14001, 715, 5299, 486, 14937, 14439, 4173, 5421, 6, 5681, 540, 13224, 14688, 243, 14967, 13755),
            *(3168, 2673, 4617, 3936, 2514, 2538, 5465),
        )
    ),
    *(Table(4, number) for number in (3378722460, 2857697535, 960051513, 3834859065)),
    *(Table(5, number) for number in (263799205844014610, 242095216745725970)),
)

_NAME = r"[^\W\d][\w.'!?]*"
_TERM = r"[\w.'!?() ]*"
#: Laws among the hypotheses have these names, in every statement and after every step.
_LAW = r"h\d*"
_APPLIED = rf"{_LAW}(?: {_TERM})?"
_PROOF = rf"(?:{_APPLIED}|\({_APPLIED}\)\.symm)"
_EQUAL = rf"(?:{_PROOF}|congrArg \(fun {_NAME} => {_TERM}\) \({_PROOF}\))"
#: The forms of a step, with terms of names, brackets and spaces.
_STEP = re.compile(
    rf"rfl|intro(?: {_NAME})+|exact {_PROOF}|exact \({_PROOF}\)\.trans \({_PROOF}\)\.symm|have {_NAME} := {_APPLIED}"
    rf"|have {_NAME} : ∀ (?:{_NAME} )+: G, {_TERM} = {_TERM} := \?_"
    rf"|refine \({_EQUAL}\)\.trans \?_|refine Eq\.trans \?_ \({_EQUAL}\)\.symm"
)
_REFUTATIONS = frozenset(map(refutation, TABLES))


def is_equational(tactic: str) -> bool:
    """Whether a tactic is one step of this repertoire, by its words."""
    if tactic in _REFUTATIONS:
        return True
    return is_elementary(tactic) and "sorry" not in tactic and _STEP.fullmatch(tactic) is not None


@dataclass(frozen=True, slots=True)
class Rewriting:
    """Which law rewrites what: the first law among the hypotheses or the last one, from left to right or back, in which
    side of the goal, at which of the places where the term stands, and whether a term fills free variables."""

    newest: bool
    backward: bool
    right: bool
    last: bool
    fills: bool

    @property
    def name(self) -> str:
        return "_".join(
            [
                "rewrite",
                "newest" if self.newest else "law",
                "back" if self.backward else "forth",
                "right" if self.right else "left",
                *(["last"] if self.last else []),
                *(["filled"] if self.fills else []),
            ]
        )


REWRITINGS = tuple(Rewriting(*flags) for flags in product((False, True), repeat=5))
_FIXED = ("rfl", "intro", "exact", "exact_symm", "exact_trans", "exact_trans_back", "have_instance")
_TABLES_START = len(_FIXED) + len(LEMMAS)
_REWRITES_START = _TABLES_START + len(TABLES)
_RFL, _INTRO, _EXACT, _EXACT_SYMM, _TRANS, _TRANS_BACK, _HAVE = range(len(_FIXED))


def templates() -> tuple[Template, ...]:
    """One for each kind of step. Their forms are for people: `Equational.text` writes the tactics."""
    slots = {name: (Slot.PROOF,) for name in _FIXED if name.startswith("exact")} | {
        "have_instance": (Slot.PROOF, Slot.TERM)
    }
    rows = [Template(name, name, slots.get(name, ()), 1.0, 1.0) for name in _FIXED]
    rows += [Template(f"lemma_{number}", law(number).text(), (), 3.0, 1.0) for number in LEMMAS]
    rows += [Template(f"table_{table.name}", table.name, (), 1.0 + 0.1 * i, 6.0) for i, table in enumerate(TABLES)]
    for one in REWRITINGS:
        places = (Slot.TERM, Slot.TERM) if one.fills else (Slot.TERM,)
        rows.append(Template(one.name, one.name, places, 1.0 + one.newest + one.last + one.fills, 1.0))
    return tuple(rows)


class Equational:
    """The actions of one goal. Pointers below `locals` are locals, from there on the terms."""

    def __init__(self, goal: Goal, local_names: Sequence[str]) -> None:
        self._goal = goal
        self._places = {name: place for place, name in enumerate(local_names)}
        self._sides = equation_of(goal.conclusion)
        self.laws = [
            known
            for local in goal.locals
            if local.kind is LocalKind.PROOF
            and local.name in self._places
            and re.fullmatch(_LAW, local.name)
            and (known := law_of(local.name, local.type))
        ]
        self.terms: tuple[Tree, ...] = self._terms() if self._sides else ()
        self._pointer = {term: len(local_names) + place for place, term in enumerate(self.terms)}
        self._locals = len(local_names)

    def rows(self) -> list[Row]:
        """Every action, in the order of the templates."""
        conclusion = self._goal.conclusion
        if conclusion.startswith("¬∀ (G : Type)"):
            return [(_TABLES_START + place, -1, -1) for place in range(len(TABLES))]
        if conclusion.startswith("∀ ("):
            return [(_INTRO, -1, -1)]
        if self._sides is None:
            return []
        left, right = self._sides
        rows: list[Row] = [(_RFL, -1, -1)] if left == right else []
        for template, said in ((_EXACT, (left, right)), (_EXACT_SYMM, (right, left))):
            rows += [
                (template, self._places[one.name], -1) for one in self.laws if self._instance(one, said) is not None
            ]
        for template in (_TRANS, _TRANS_BACK):
            backward = template == _TRANS_BACK
            rows += [(template, self._places[one.name], -1) for one in self.laws if self._meeting(one, backward)]
        rows += [
            (_HAVE, self._places[one.name], self._pointer[term])
            for one in self.laws[:1] + self.laws[1:][-1:]
            for term in self._fillers()
            if one.bound
        ]
        if len(self.laws) == 1 and "x" not in self._goal.names:
            rows += [(len(_FIXED) + place, -1, -1) for place in range(len(LEMMAS))]
        return rows + list(self._rewrites())

    def text(self, row: Row) -> str:
        """The tactic of a row."""
        template, first, second = row
        if template >= _REWRITES_START:
            return self._rewrite(REWRITINGS[template - _REWRITES_START], first, second)
        if template >= _TABLES_START:
            return refutation(TABLES[template - _TABLES_START])
        if template >= len(_FIXED):
            return f"have {self.fresh} : {universal(law(LEMMAS[template - len(_FIXED)]).equation)} := ?_"
        if template == _RFL:
            return "rfl"
        if template == _INTRO:
            return f"intro {' '.join(usage(self._goal.conclusion).bound)}"
        known = next(one for one in self.laws if self._places[one.name] == first)
        if template == _HAVE:
            return f"have {self.fresh} := {known.name} {argument(self.terms[second - self._locals])}"
        if template in (_TRANS, _TRANS_BACK):
            meeting = self._meeting(known, template == _TRANS_BACK)
            assert meeting is not None
            left, right = (_proof(known, values, template == _TRANS_BACK) for values in meeting)
            return f"exact ({left}).trans ({right}).symm"
        assert self._sides is not None
        sides = self._sides if template == _EXACT else self._sides[::-1]
        values = self._instance(known, (sides[0], sides[1]))
        assert values is not None
        return f"exact {applied(known, values)}" if template == _EXACT else f"exact ({applied(known, values)}).symm"

    @property
    def fresh(self) -> str:
        names = self._goal.names
        return next(name for number in range(1, len(names) + 2) if (name := f"h{number}") not in names)

    def _terms(self) -> tuple[Tree, ...]:
        assert self._sides is not None
        found = dict.fromkeys(term for side in self._sides for term in subterms(side))
        found |= dict.fromkeys(one.name for one in self._goal.locals if one.kind is LocalKind.DATA and one.accessible)
        # Variables always, then what comes first.
        kept: list[Tree] = [term for term in found if isinstance(term, str)]
        kept += [term for term in found if not isinstance(term, str)][: TERMS - len(kept)]
        return tuple(term for term in found if term in set(kept))

    def _fillers(self) -> list[Tree]:
        names: list[Tree] = [term for term in self.terms if isinstance(term, str)]
        compound = sorted(
            (term for term in self.terms if not isinstance(term, str)),
            key=lambda term: (size_of(term), self._pointer[term]),
        )
        return (names + compound)[:FILLERS]

    def _instance(self, known: Known, sides: tuple[Tree, Tree]) -> dict[str, Tree] | None:
        """Values at which the law says just this; every variable of a law occurs in it."""
        return matched((known.left, known.right), sides, known.bound)

    def _meeting(self, known: Known, backward: bool) -> tuple[dict[str, Tree], dict[str, Tree]] | None:
        """Values at which the law makes one term of both sides of the goal. Free variables are the goal's first."""
        assert self._sides is not None
        old, new = known.side(backward)
        left, right = (matched(old, side, known.bound) for side in self._sides)
        if (
            old == new
            or left is None
            or right is None
            or any(left[name] != right[name] for name in names_in(new) & set(left))
        ):
            return None
        filler = next(term for term in self.terms if isinstance(term, str))
        free = {name: filler for name in known.bound if name not in left}
        return left | free, right | free

    def _rewrites(self) -> Iterator[Row]:
        assert self._sides is not None
        fillers = self._fillers()
        for place, one in enumerate(REWRITINGS):
            known = self._law_of(one)
            if known is None:
                continue
            old, new = known.side(one.backward)
            if old == new:
                continue
            free = set(known.bound) & (names_in(new) - names_in(old))
            if bool(free) != one.fills:
                continue
            side = list(subterms(self._sides[one.right]))
            for term in dict.fromkeys(side):
                if (
                    term in self._pointer
                    and side.count(term) > one.last
                    and matched(old, term, known.bound) is not None
                ):
                    for filler in fillers if one.fills else ("",):
                        yield _REWRITES_START + place, self._pointer[term], self._pointer.get(filler, -1)

    def _law_of(self, one: Rewriting) -> Known | None:
        if one.newest:
            return self.laws[-1] if len(self.laws) > 1 else None
        return self.laws[0] if self.laws else None

    def _rewrite(self, one: Rewriting, first: int, second: int) -> str:
        known, term = self._law_of(one), self.terms[first - self._locals]
        assert known is not None and self._sides is not None
        old, _ = known.side(one.backward)
        values = matched(old, term, known.bound)
        assert values is not None
        if one.fills:
            filler = self.terms[second - self._locals]
            values |= {name: filler for name in known.bound if name not in values}
        proof = _proof(known, values, one.backward)
        hole = next(name for name in ("q", "q1", "q2", "q3") if name not in self._goal.names)
        context = replaced(self._sides[one.right], term, hole, one.last)
        step = proof if context == hole else f"congrArg (fun {hole} => {written(context)}) ({proof})"
        return f"refine Eq.trans ?_ ({step}).symm" if one.right else f"refine ({step}).trans ?_"


def _proof(known: Known, values: dict[str, Tree], backward: bool) -> str:
    """The instance of the law, read from right to left if `backward`."""
    return f"({applied(known, values)}).symm" if backward else applied(known, values)
