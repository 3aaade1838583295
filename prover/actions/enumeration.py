"""Every action that a state has: each template with all that can fill its slots, as a table of numbers.

    rows(situation)        # [(template, first pointer, second pointer), ...], -1 for no pointer

It is done for each new state of a search, so what depends on the repertoire alone is worked out once, and what depends
on a printed proposition once a proposition.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from itertools import combinations, product
from typing import TYPE_CHECKING, NamedTuple

from prover.actions.forms import HYPOTHESES, Need, Slot
from prover.actions.premise_slots import fills
from prover.actions.repertoire import Repertoire
from prover.connective import Connective, shape
from prover.goal import LocalKind, identifiers, outside_brackets

if TYPE_CHECKING:
    from prover.actions.space import Situation

#: How many premises a list in a form has: the longer one, and the shorter.
MANY, FEW = 6, 3

Row = tuple[int, int, int]

_HYPOTHESES = frozenset(HYPOTHESES)
_PREMISES = (Slot.PREMISE, Slot.REWRITE, Slot.REWRITE_BACK, Slot.CLOSER, Slot.EQUIVALENCE)
_BINDER = re.compile(r"∀|¬|let |have ")
_ARROW = re.compile(r" (→|≠) ")
_BRANCHES = re.compile(r"\b(if|match)\b")
_STRUCTURE = frozenset({Connective.AND, Connective.IFF, Connective.EXISTS})
_EQUATION = frozenset({Connective.EQUAL, Connective.IFF})
_POSITIVE = frozenset({Connective.ATOM, Connective.OR, Connective.EXISTS, Connective.EQUAL})


class _Form(NamedTuple):
    """What enumeration asks of a template."""

    number: int
    needs: Need
    slots: tuple[Slot, ...]
    #: So many premises, or definitions, its lists want: more than a shorter form already offers.
    premises: int
    definitions: int
    generalizing: bool
    ordered: bool
    #: Of two slots, how many things at most may fill each.
    limits: tuple[int, ...]


@lru_cache(maxsize=16)
def _forms(repertoire: Repertoire) -> tuple[_Form, ...]:
    forms = []
    for index, template in enumerate(repertoire.templates):
        few = "{few}" in template.form or "{unfolding_few}" in template.form
        forms.append(
            _Form(
                index,
                template.needs,
                template.slots,
                FEW + 1 if "{premises}" in template.form else int(few),
                int("{definitions}" in template.form),
                "{generalizing}" in template.form,
                template.ordered,
                tuple(repertoire.pair_limits[slot] for slot in template.slots) if len(template.slots) == 2 else (),
            )
        )
    return tuple(forms)


def rows(situation: Situation) -> list[Row]:
    """The actions, in the order of the repertoire, then of pointers."""
    fillers, met = _fillers(situation), _met(situation)
    premises, definitions = len(situation.premises), len(situation.definitions)
    found: list[Row] = []
    for index, needs, slots, least, defined, generalizing, ordered, limits in _forms(situation.repertoire):
        if needs not in met or premises < least or definitions < defined:
            continue
        if not slots:
            found.append((index, -1, -1))
        elif len(slots) == 1:
            filled = fillers[slots[0]]
            if generalizing:
                filled = [pointer for pointer in filled if situation.generalizing(situation.pointers[pointer].name)]
            found.extend([(index, pointer, -1) for pointer in filled])
        elif left := fillers[slots[0]][: limits[0]]:
            right = fillers[slots[1]][: limits[1]]
            pairs = product(left, right) if ordered else combinations(left, 2)
            found.extend((index, a, b) for a, b in _together(situation, slots[0], pairs))
    return found


def _together(situation: Situation, slot: Slot, pairs: Iterable[tuple[int, int]]) -> Iterable[tuple[int, int]]:
    """Of pairs of pointers those that go together, the first of them in this slot."""
    if slot not in _HYPOTHESES:
        return [(a, b) for a, b in pairs if a != b]
    locals, fit = situation.locals, situation.uses.pairs
    return [
        (a, b)
        for a, b in pairs
        if a != b
        and (b >= len(locals) or locals[b].kind is not LocalKind.PROOF or fit(slot, locals[a].type, locals[b].type))
    ]


def _fillers(situation: Situation) -> dict[Slot, list[int]]:
    """Pointer indices for each kind of slot, likeliest first: locals latest first, premises by rank."""
    goal, locals, repertoire = situation.goal, situation.locals, situation.repertoire
    by_kind: dict[LocalKind, list[int]] = {kind: [] for kind in LocalKind}
    for index in reversed(range(len(locals))):
        by_kind[locals[index].kind].append(index)
    terms = by_kind[LocalKind.DATA]
    data = terms
    if data:
        # Nothing can be split on an element of a type variable, nor gained from data that nothing mentions.
        types = {local.name for local in goal.locals if local.kind is LocalKind.TYPE}
        proofs = (identifiers(local.type) for local in goal.locals if local.kind is LocalKind.PROOF)
        mentioned = identifiers(goal.conclusion).union(*proofs)
        data = [index for index in terms if locals[index].type not in types and locals[index].name in mentioned]
    definitions_start = len(locals)
    premises_start = definitions_start + len(situation.definitions)
    fillers = {
        Slot.DATA: data[: repertoire.data],
        Slot.PROOF: by_kind[LocalKind.PROOF][: repertoire.proofs],
        Slot.PROPOSITION: by_kind[LocalKind.PROPOSITION],
        Slot.FUNCTION: by_kind[LocalKind.FUNCTION],
        Slot.DEFINITION: list(range(definitions_start, premises_start)),
        Slot.TERM: terms,
    }
    for slot in HYPOTHESES:
        fillers[slot] = []
    if repertoire.uses_hypotheses:
        for index in by_kind[LocalKind.PROOF]:
            for slot in situation.uses.slots(locals[index].type):
                fillers[slot].append(index)
    for slot in _PREMISES:
        fillers[slot] = [
            premises_start + rank
            for rank, premise in enumerate(situation.premises)
            if fills(slot, rank, premise, goal.conclusion)
        ]
    return fillers


def _met(situation: Situation) -> frozenset[Need]:
    """Which needs the first goal meets."""
    more = set()
    if any(local.kind is LocalKind.PROOF for local in situation.goal.locals):
        more.add(Need.HYPOTHESIS)
    if situation.own:
        more.add(Need.OWN)
    if situation.whole:
        more.add(Need.GRIND)
    return _met_by(situation.goal.conclusion) | more


@lru_cache(maxsize=20_000)
def _met_by(conclusion: str) -> frozenset[Need]:
    """Which needs a goal meets by its conclusion."""
    top, connective = outside_brackets(conclusion), shape(conclusion).connective
    met = {
        Need.NOTHING: True,
        Need.BINDER: bool(_BINDER.match(conclusion) or _ARROW.search(top)),
        Need.BRANCHES: bool(_BRANCHES.search(conclusion)),
        Need.ALTERNATIVES: " ∨ " in top,
        Need.STRUCTURE: connective in _STRUCTURE,
        Need.WITNESS: connective is Connective.EXISTS,
        Need.EQUATION: connective in _EQUATION,
        Need.POSITIVE: connective in _POSITIVE,
        Need.OPEN: connective is not Connective.FALSE,
        Need.TRUE: conclusion == "True",
    }
    return frozenset(need for need, here in met.items() if here)
