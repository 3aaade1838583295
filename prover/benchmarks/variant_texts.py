"""Variants of one statement, as text: more general, more special, with a hypothesis more or less, with two variables
swapped, a part of it, and the goals that a failed search left open.

    for variant in variants(goal, open_goals): statement_of(variant.goal)

AlphaProof (Hubert et al., Nature 2025, methods) asks a language model for such variants; these are made by rules on the
printed goal, so they are few and plain. A text is no statement before Lean has read it: what does not elaborate, or
says the same as another, is dropped by whoever asks (variants.py). Many are false; their denials are tried as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, zip_longest

from prover.goal import IDENTIFIER, Goal, Local, LocalKind, identifiers, parse_goal, split_top_level, unbracketed

#: Variants of variants of variants: further away than this nothing is near the target.
_MOST_STEPS = 3
_BRACKETED = re.compile(r"\([^()]*\)")
#: A sort with its universe, as it is printed: `Type u_1`, `Sort (max u v)`.
_SORT = re.compile(r"\b(Type|Sort) (?:[\w.']+|\([^()]*\))")


@dataclass(frozen=True, slots=True)
class Variant:
    """What is to be proved, as a goal; by which changes, the first one first, it was made from the target."""

    goal: Goal
    made_by: tuple[str, ...]


def variants(target: Goal, open_goals: Sequence[Goal] = ()) -> Iterator[Variant]:
    """One of each kind in turn, those of one change before those of two, no text twice. `open_goals`: where a failed
    search of the target got stuck, its lemmas if they hold."""
    seen = {statement_of(target)}
    layer = [Variant(target, ())]
    for number in range(_MOST_STEPS):
        following: list[Variant] = []
        more = [Variant(goal, ("open goal",)) for goal in open_goals] if number == 0 else []
        for one in _in_turn([[*_changed(one)] for one in layer] + [more]):
            text = statement_of(one.goal)
            if text and text not in seen:
                seen.add(text)
                following.append(one)
                yield one
        layer = following


def statement_of(goal: Goal) -> str:
    """The goal as Lean text, its locals as binders: `(p : Prop) (h : p) : p`; '' where a local cannot be written. Of
    universes Lean takes the most general: nothing declares the names that it prints."""
    binders = _binders(goal)
    return "" if binders is None else _any_universe(f"{binders} : {goal.conclusion}")


def denial_of(goal: Goal) -> str:
    """That the goal does not hold, whatever its variables are."""
    binders = _binders(goal)
    if binders is None:
        return ""
    return _any_universe(f": ¬ ∀ {binders}, {goal.conclusion}" if binders else f": ¬ ({goal.conclusion})")


def goal_of(printed: str) -> Goal:
    """The first goal of a printed state, without its case."""
    return replace(parse_goal(printed), case="")


def _any_universe(text: str) -> str:
    return _SORT.sub(r"\1 _", text)


def _binders(goal: Goal) -> str | None:
    if any(not local.accessible or local.value is not None for local in goal.locals):
        return None
    shapes = {LocalKind.TYPE: "{{{} : {}}}", LocalKind.INSTANCE: "[{} : {}]"}
    return " ".join(shapes.get(local.kind, "({} : {})").format(local.name, local.type) for local in goal.locals)


def _changed(one: Variant) -> Iterator[Variant]:
    kinds = {
        "drop a hypothesis": _dropped(one.goal),
        "add a hypothesis": _added(one.goal),
        "generalise": _generalised(one.goal),
        "specialise": _specialised(one.goal),
        "swap": _swapped(one.goal),
        "part": _parts(one.goal),
    }
    for row in zip_longest(*kinds.values()):
        for name, goal in zip(kinds, row, strict=True):
            if goal is not None:
                yield Variant(goal, (*one.made_by, name))


def _dropped(goal: Goal) -> Iterator[Goal]:
    """Without one hypothesis that nothing later speaks of."""
    for place, local in enumerate(goal.locals):
        if local.kind is LocalKind.PROOF and not _mentioned(goal, local.name, place):
            yield replace(goal, locals=(*goal.locals[:place], *goal.locals[place + 1 :]))


def _added(goal: Goal) -> Iterator[Goal]:
    """With a proposition of the context, or its denial, as a hypothesis more."""
    name = _fresh(goal, "h")
    for local in goal.locals:
        if local.kind is LocalKind.PROPOSITION:
            for text in (local.name, f"¬{local.name}"):
                yield _with_hypothesis(goal, name, text)


def _generalised(goal: Goal) -> Iterator[Goal]:
    """A bracketed part of it, wherever it stands, becomes a proposition of its own. Lean refuses it where the part is
    none, or depends on what is bound inside."""
    whole = "\n".join([*(local.type for local in goal.locals), goal.conclusion])
    name = _fresh(goal, "q")
    for part in dict.fromkeys(_BRACKETED.findall(whole)):
        if "∀" in part or "∃" in part or "fun " in part or ":" in part:
            continue
        locals = tuple(replace(local, type=local.type.replace(part, name)) for local in goal.locals)
        first = next((place for place, local in enumerate(locals) if local.kind is LocalKind.PROOF), len(locals))
        made = Local(name, "Prop", LocalKind.PROPOSITION)
        yield Goal((*locals[:first], made, *locals[first:]), goal.conclusion.replace(part, name))


def _specialised(goal: Goal) -> Iterator[Goal]:
    """Two variables of one type are one; a proposition is `True` or `False`."""
    for one, other in combinations(_variables(goal), 2):
        if one.type == other.type:
            yield _substituted(goal, other.name, one.name)
    for local in goal.locals:
        if local.kind is LocalKind.PROPOSITION:
            yield _substituted(goal, local.name, "True")
            yield _substituted(goal, local.name, "False")


def _swapped(goal: Goal) -> Iterator[Goal]:
    """Two variables of one type change places in the conclusion alone, or in one hypothesis alone."""
    for one, other in combinations(_variables(goal), 2):
        if one.type != other.type:
            continue
        names = {one.name: other.name, other.name: one.name}
        yield replace(goal, conclusion=_renamed(goal.conclusion, names))
        for place, local in enumerate(goal.locals):
            if local.kind is LocalKind.PROOF and {one.name, other.name} & identifiers(local.type):
                changed = replace(local, type=_renamed(local.type, names))
                yield replace(goal, locals=(*goal.locals[:place], changed, *goal.locals[place + 1 :]))


def _parts(goal: Goal) -> Iterator[Goal]:
    """Either side of a conjunction, a disjunction or an equivalence; an antecedent as a hypothesis; a part of a
    hypothesis in its place."""
    for symbol in (" ↔ ", " → ", " ∨ ", " ∧ "):
        left, *right = split_top_level(goal.conclusion, symbol)
        if not right:
            continue
        rest = symbol.join(right)
        if symbol == " → ":
            yield replace(_with_hypothesis(goal, _fresh(goal, "h"), unbracketed(left)), conclusion=unbracketed(rest))
            yield replace(goal, conclusion=unbracketed(rest))
        elif symbol == " ↔ ":
            for hypothesis, conclusion in ((left, rest), (rest, left)):
                more = _with_hypothesis(goal, _fresh(goal, "h"), unbracketed(hypothesis))
                yield replace(more, conclusion=unbracketed(conclusion))
        else:
            yield replace(goal, conclusion=unbracketed(left))
            yield replace(goal, conclusion=unbracketed(rest))
        break
    for place, local in enumerate(goal.locals):
        parts = split_top_level(local.type, " ∧ ") if local.kind is LocalKind.PROOF else []
        for part in parts if len(parts) > 1 else []:
            changed = replace(local, type=unbracketed(part))
            yield replace(goal, locals=(*goal.locals[:place], changed, *goal.locals[place + 1 :]))


def _with_hypothesis(goal: Goal, name: str, text: str) -> Goal:
    return replace(goal, locals=(*goal.locals, Local(name, text, LocalKind.PROOF)))


def _variables(goal: Goal) -> list[Local]:
    kinds = (LocalKind.PROPOSITION, LocalKind.DATA, LocalKind.FUNCTION)
    return [local for local in goal.locals if local.kind in kinds]


def _substituted(goal: Goal, name: str, value: str) -> Goal:
    """`value` in place of the variable, which is gone."""
    kept = (local for local in goal.locals if local.name != name)
    locals = tuple(replace(local, type=_renamed(local.type, {name: value})) for local in kept)
    return Goal(locals, _renamed(goal.conclusion, {name: value}))


def _renamed(text: str, names: dict[str, str]) -> str:
    return IDENTIFIER.sub(lambda match: names.get(match[0], match[0]), text)


def _mentioned(goal: Goal, name: str, place: int) -> bool:
    later = [*(local.type for local in goal.locals[place + 1 :]), goal.conclusion]
    return any(name in identifiers(text) for text in later)


def _fresh(goal: Goal, stem: str) -> str:
    taken = goal.names | identifiers(goal.conclusion).union(*(identifiers(local.type) for local in goal.locals))
    return next(name for number in range(1, len(taken) + 2) if (name := f"{stem}{number}") not in taken)


def _in_turn(lists: Sequence[Sequence[Variant]]) -> Iterator[Variant]:
    for row in zip_longest(*lists):
        yield from (one for one in row if one is not None)
