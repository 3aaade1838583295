"""A goal as a theorem's statement: from its file's own words where a theorem is nothing but `sorry`, else as Lean
prints it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from lean_env.lean_text.mask import mask
from lean_env.lean_text.theorems import TheoremText, theorems_of
from prover.goal import Goal, parse_goal

#: A metavariable as Lean prints it: `?m.12`, `?n`. Not the end of a name or notation: `xs.head?.isSome`, `m[k]?`.
_UNKNOWN = re.compile(r"(?<![\w'!?\])])\?[\w.]")
#: The universe of a variable type as Lean prints it. A statement of its own may have any.
_UNIVERSE = re.compile(r"\b(Type|Sort) (?:[^\W\d][\w'!₀-₉]*(?![\w'.])|\((?:max|imax|\w+ \+)[^()]*\))")
_ANY = r"\1 _"
#: A proof that Lean leaves out when it prints, and what may make one again. Which one it is makes no difference.
_LEFT_OUT, _REMADE = "⋯", "(by first | assumption | omega | decide | simp_all)"
_BODY = re.compile(r":=\s*(?:by\s+)?sorry\s*")
_LEVELS = re.compile(r"[^\s({\[⦃:]*?\.\{([^}]*)\}")


@dataclass(frozen=True, slots=True)
class Statement:
    """`binders` and `conclusion` of a theorem that says what a goal says. `universes`: those that it names.

    `own_words`: they are the file's, whose unknown names may be bound by Lean; printed ones bind none. `renamed`: names
    for the locals that cannot be written, in the goal's order. `before`: tactics that bring in the file what is a
    hypothesis here."""

    binders: str
    conclusion: str
    own_words: bool = False
    universes: str = ""
    renamed: tuple[str, ...] = ()
    before: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        return f"{self.binders} : {self.conclusion}".strip()

    def under(self, hypotheses: Sequence[tuple[str, str]]) -> Statement:
        """With closed hypotheses, name and type each, behind its binders."""
        more = " ".join(f"({name} : {_UNIVERSE.sub(_ANY, type_)})" for name, type_ in hypotheses)
        return replace(self, binders=f"{self.binders} {more}".strip())


@dataclass(frozen=True, slots=True)
class Posed:
    """One goal of a `sorry`, as Lean prints it, and the statements that say it, the best first."""

    text: str
    statements: tuple[Statement, ...]

    @property
    def conclusion(self) -> str:
        return parse_goal(self.text).conclusion

    @property
    def unknown(self) -> bool:
        """It has parts that Lean has not found yet, `?m.5`."""
        return _UNKNOWN.search(self.text) is not None


def own_statement(text: str, offset: int) -> Statement | None:
    """The statement of the theorem whose whole proof is the `sorry` at `offset`, in the words of the file."""
    for it in theorems_of(text):
        if it.sign <= offset < it.end:
            code = mask(text[it.sign : it.end])
            if it.conclusion and _BODY.fullmatch(code):
                return Statement(it.binders, it.conclusion, own_words=True, universes=_levels(text, it))
    return None


def _levels(text: str, it: TheoremText) -> str:
    found = _LEVELS.match(text, it.name_at) if it.name else None
    return found[1].replace(",", " ") if found else ""


def printed_statement(goal: Goal) -> Statement:
    """The goal's locals as binders, with new names for those that cannot be written. The value of a `let` becomes an
    equation."""
    taken = {local.name for local in goal.locals}
    names: dict[int, str] = {}
    for place, local in enumerate(goal.locals):
        if not local.accessible:
            stem = re.sub(r"\W", "", local.name.split("✝")[0]) or "x"
            names[place] = _fresh(stem, taken)

    def written(text: str, until: int) -> str:
        """Each name with a dagger stands for the latest local of that name."""
        for place in reversed(range(until)):
            if place in names:
                name = re.escape(goal.locals[place].name)
                text = re.sub(rf"(?<![\w.'✝]){name}(?![\w'✝¹²³⁴⁵⁶⁷⁸⁹⁰])", names[place], text)
        return _UNIVERSE.sub(_ANY, text).replace(_LEFT_OUT, _REMADE)

    binders: list[str] = []
    before: list[str] = []
    for place, local in enumerate(goal.locals):
        type_, name = written(local.type, place), names.get(place, local.name)
        instance = place in names and local.name.startswith("inst")
        binders.append(f"[{name} : {type_}]" if instance else f"({name} : {type_})")
        if local.value is not None:
            equation, value = _fresh(f"{name}_eq", taken, first=""), written(local.value, place)
            binders.append(f"({equation} : {name} = {value})")
            before.append(f"have {equation} : {name} = {value} := rfl")
    conclusion = written(goal.conclusion, len(goal.locals))
    return Statement(" ".join(binders), conclusion, renamed=tuple(names.values()), before=tuple(before))


def _fresh(stem: str, taken: set[str], first: str | None = None) -> str:
    candidates = ([] if first is None else [stem]) + [f"{stem}_{number}" for number in range(1, len(taken) + 2)]
    name = next(name for name in candidates if name not in taken)
    taken.add(name)
    return name
