"""Actions for equations over one binary operation: what the benchmark lean-magma allows, one elementary step each.

A goal `l = r` with laws among its hypotheses can be rewritten at one place by an instance of a law, be closed by an
instance at a place or by `rfl`, or get another law: a partial instance of one, or what follows from two of them by one
transitivity (`prover.actions.overlaps`). A goal that denies an implication can be refuted by a table. Nothing here
searches: terms are matched and unified, which has one result.

Pointers are locals, then *terms* (the subterms of the goal, and variables), then laws that follow. A rewrite points at
the place and, where the law brings variables of its own, at the term that fills them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from prover.actions.elementary import is_elementary
from prover.actions.forms import Slot, Template
from prover.actions.matching import usage
from prover.actions.overlaps import Overlap, following
from prover.actions.refuting import REFUTATIONS, TABLES, is_denial
from prover.actions.trees import (
    Known,
    Tree,
    applied,
    argument,
    equation_of,
    law_of,
    matched,
    names_in,
    put,
    replaced,
    size_of,
    subterms,
    written,
)
from prover.goal import Goal, LocalKind

#: Template, first and second pointer, -1 for none.
Row = tuple[int, int, int]

#: At most so many terms can be pointed at, and so many fill a free variable.
TERMS, FILLERS = 12, 6
#: So many laws that follow are offered, and so many laws are kept beside the hypothesis.
FOLLOWING, LAWS = 12, 6

_NAME = r"[^\W\d][\w.'!?]*"
_TERM = r"[\w'() ]*"
#: Laws among the hypotheses have these names, in every statement and after every step.
_LAW = r"h\d*"
_APPLIED = rf"{_LAW}(?: {_TERM})?"
_PROOF = rf"(?:{_APPLIED}|\({_APPLIED}\)\.symm)"
_EQUAL = rf"(?:{_PROOF}|congrArg \(fun {_NAME} => {_TERM}\) \({_PROOF}\))"
_LINK = rf"\((?:{_APPLIED}|congrArg \(fun {_NAME} => {_TERM}\) \({_APPLIED}\))\)(?:\.symm)?"
#: The forms of a step, with terms of names, brackets and spaces.
_STEP = re.compile(
    rf"rfl|intro(?: {_NAME})+|exact {_EQUAL}|exact \({_PROOF}\)\.trans \({_PROOF}\)\.symm|have {_NAME} := {_APPLIED}"
    rf"|have {_NAME} : (?:∀ (?:{_NAME} )+: G, )?{_TERM} = {_TERM} := (?:fun (?:{_NAME} )+=> )?{_LINK}\.trans {_LINK}"
    rf"|refine \({_EQUAL}\)\.trans \?_|refine Eq\.trans \?_ \({_EQUAL}\)\.symm"
)


def is_equational(tactic: str) -> bool:
    """Whether a tactic is one step of this repertoire, by its words."""
    if tactic in REFUTATIONS:
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
_FIXED = ("rfl", "intro", "exact", "exact_symm", "exact_trans", "exact_trans_back", "have_instance", "have_following")
_TABLES_START = len(_FIXED)
_REWRITES_START = _TABLES_START + len(TABLES)
_RFL, _INTRO, _EXACT, _EXACT_SYMM, _TRANS, _TRANS_BACK, _HAVE, _FOLLOW = range(len(_FIXED))


def templates() -> tuple[Template, ...]:
    """One for each kind of step. Their forms are for people: `Equational.text` writes the tactics."""
    slots = {name: (Slot.PROOF,) for name in _FIXED if name.startswith("exact")} | {
        "have_instance": (Slot.PROOF, Slot.TERM),
        "have_following": (Slot.TERM,),
    }
    rows = [Template(name, name, slots.get(name, ()), 1.0, 1.0) for name in _FIXED]
    rows += [Template(f"table_{table.name}", table.name, (), 1.0 + 0.1 * i, 6.0) for i, table in enumerate(TABLES)]
    for one in REWRITINGS:
        places = (Slot.TERM, Slot.TERM) if one.fills else (Slot.TERM,)
        rows.append(Template(one.name, one.name, places, 1.0 + one.newest + one.last + one.fills, 1.0))
    return tuple(rows)


class Equational:
    """The actions of one goal. Pointers below `locals` are locals, then come the terms, then the laws that follow."""

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
        #: What may be added to the laws, smaller ones first.
        self.following: tuple[Overlap, ...] = following(tuple(self.laws), FOLLOWING) if self._may_follow else ()
        self._pointer = {term: len(local_names) + place for place, term in enumerate(self.terms)}
        self._locals = len(local_names)

    def rows(self) -> list[Row]:
        """Every action, in the order of the templates."""
        conclusion = self._goal.conclusion
        if is_denial(conclusion):
            return [(_TABLES_START + place, -1, -1) for place in range(len(TABLES))]
        if conclusion.startswith("∀ ("):
            return [(_INTRO, -1, -1)]
        if self._sides is None:
            return []
        left, right = self._sides
        rows: list[Row] = [(_RFL, -1, -1)] if left == right else []
        for template in (_EXACT, _EXACT_SYMM):
            mirrored = template == _EXACT_SYMM
            rows += [(template, self._places[one.name], -1) for one in self.laws if self._closing(one, mirrored)]
        for template in (_TRANS, _TRANS_BACK):
            backward = template == _TRANS_BACK
            rows += [(template, self._places[one.name], -1) for one in self.laws if self._meeting(one, backward)]
        rows += [
            (_HAVE, self._places[one.name], self._pointer[term])
            for one in self.laws[:1] + self.laws[1:][-1:]
            for term in self._fillers()
            if one.bound
        ]
        start = self._locals + len(self.terms)
        rows += [(_FOLLOW, start + place, -1) for place in range(len(self.following))]
        return rows + list(self._rewrites())

    def text(self, row: Row) -> str:
        """The tactic of a row."""
        template, first, second = row
        if template >= _REWRITES_START:
            return self._rewrite(REWRITINGS[template - _REWRITES_START], first, second)
        if template >= _TABLES_START:
            return REFUTATIONS[template - _TABLES_START]
        if template == _RFL:
            return "rfl"
        if template == _INTRO:
            return f"intro {' '.join(usage(self._goal.conclusion).bound)}"
        if template == _FOLLOW:
            return self.following[first - self._locals - len(self.terms)].tactic(self.fresh)
        known = next(one for one in self.laws if self._places[one.name] == first)
        if template == _HAVE:
            return f"have {self.fresh} := {known.name} {argument(self.terms[second - self._locals])}"
        if template in (_TRANS, _TRANS_BACK):
            meeting = self._meeting(known, template == _TRANS_BACK)
            assert meeting is not None
            left, right = (_proof(known, values, template == _TRANS_BACK) for values in meeting)
            return f"exact ({left}).trans ({right}).symm"
        closing = self._closing(known, template == _EXACT_SYMM)
        assert closing is not None and self._sides is not None
        values, path = closing
        proof = _proof(known, values, template == _EXACT_SYMM)
        return f"exact {self._at(put(self._sides[0], path, self._hole), proof)}"

    @property
    def _may_follow(self) -> bool:
        return self._sides is not None and len(self.laws) <= LAWS

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

    def _closing(self, known: Known, mirrored: bool) -> tuple[dict[str, Tree], tuple[int, ...]] | None:
        """Values at which the law says just this, or what is left where the sides of the goal differ at one place, and
        that place. Every variable of a law occurs in it."""
        assert self._sides is not None
        left, right = self._sides
        path: tuple[int, ...] = ()
        while left != right:
            sides = (right, left) if mirrored else (left, right)
            if (values := matched((known.left, known.right), sides, known.bound)) is not None:
                return values, path
            if isinstance(left, str) or isinstance(right, str):
                return None
            differing = [place for place in (0, 1) if left[place] != right[place]]
            if len(differing) == 2:
                return None
            (place,) = differing
            left, right, path = left[place], right[place], (*path, place)
        return None

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
        step = self._at(replaced(self._sides[one.right], term, self._hole, one.last), proof)
        return f"refine Eq.trans ?_ ({step}).symm" if one.right else f"refine ({step}).trans ?_"

    @property
    def _hole(self) -> str:
        """Names a place in a term."""
        return next(name for name in ("q", "q1", "q2", "q3") if name not in self._goal.names)

    def _at(self, context: Tree, proof: str) -> str:
        """The equation that `proof` proves, at the hole of a term."""
        return proof if context == self._hole else f"congrArg (fun {self._hole} => {written(context)}) ({proof})"


def _proof(known: Known, values: dict[str, Tree], backward: bool) -> str:
    """The instance of the law, read from right to left if `backward`."""
    return f"({applied(known, values)}).symm" if backward else applied(known, values)
