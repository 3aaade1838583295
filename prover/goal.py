"""Printed goals, parsed: the locals with what kind of thing each is, and the conclusion.

Policies see what people see, Lean's pretty-printed tactic state, so the kind of a local (data, proposition, type,
function, instance) is read off its printed type. That is a heuristic: a wrong guess offers a tactic that fails or
withholds one, and never affects what counts as a proof.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

TURNSTILE = "⊢ "
_CASE = re.compile(r"case [^\n]*$")
_OPENING, _CLOSING = "([{⟨⦃", ")]}⟩⦄"
_BRACKET = re.compile(f"[{re.escape(_OPENING + _CLOSING)}]")
_INSTANCE = re.compile(r"inst(_\d+)?(✝|$)")
_SORT = re.compile(r"(Type|Sort)\b")
#: Binary symbols that make a printed type a proposition when they stand outside all brackets.
_RELATION = re.compile(r"(?:^|\s)(=|≠|≤|<|≥|>|∈|∉|∧|∨|↔|∣|⊆|⊂|≍|~|<\+:|<:\+|<:\+:|<\+|≈|∘r)(?:\s|$)")
_PROPOSITION_START = re.compile(r"(∀|∃|¬|True\b|False\b)")
#: Heads of applications that print without a relation symbol and are propositions.
_PREDICATES = frozenset(
    [
        *("Nonempty", "Acc", "WellFounded", "HEq", "Ne", "Not", "And", "Or"),
        *(
            "Iff",
            "Exists",
            "Subsingleton",
            "LawfulBEq",
            "ReflBEq",
            "Nat.Coprime",
            "Nat.le",
            "Nat.lt",
            "Int.NonNeg",
            "Int.le",
            "Int.lt",
            "Option.Rel",
        ),
        *("Function.Injective", "Function.Surjective", "Function.LeftInverse", "Function.RightInverse"),
        *(
            "List.Nodup",
            "List.Pairwise",
            "List.Perm",
            "List.Sublist",
            "List.IsPrefix",
            "List.IsSuffix",
            "List.IsInfix",
            "List.Mem",
            "List.Lex",
        ),
        *("Array.Pairwise", "Array.Perm", "Array.Nodup", "Array.Mem", "Array.Lex"),
        *("Vector.Pairwise", "Vector.Perm", "Vector.Nodup", "Vector.Mem", "Vector.Lex"),
        *("Std.Associative", "Std.Commutative", "Std.LawfulIdentity"),
    ]
)
#: A name as Lean prints it, components and all.
IDENTIFIER = re.compile(r"[^\W\d][\w.'!?✝]*")


class LocalKind(StrEnum):
    """What a local is, as far as its printed type tells. PROPOSITION is a variable `p : Prop`, PROOF a proof of
    something, DATA a term that is neither a function nor a type."""

    DATA = "data"
    PROOF = "proof"
    PROPOSITION = "proposition"
    FUNCTION = "function"
    TYPE = "type"
    INSTANCE = "instance"

    # Enum's own is a function in Python.
    __hash__ = str.__hash__


@dataclass(frozen=True, slots=True)
class Local:
    """One local hypothesis. `value` is the body of a `let` (None otherwise); a name with a dagger is not `accessible`:
    a tactic cannot write it."""

    name: str
    type: str
    kind: LocalKind
    value: str | None = None

    @property
    def accessible(self) -> bool:
        return "✝" not in self.name


@dataclass(frozen=True, slots=True)
class Goal:
    """A printed goal. `case` is its tag without the word `case`, '' if it has none."""

    locals: tuple[Local, ...]
    conclusion: str
    case: str = ""

    @property
    def names(self) -> frozenset[str]:
        return frozenset(local.name for local in self.locals)


@lru_cache(maxsize=50_000)
def identifiers(text: str) -> frozenset[str]:
    """The names in a printed term. A state has most of its types from the one before."""
    return frozenset(IDENTIFIER.findall(text))


def goal_texts(state: str) -> list[str]:
    """The goals of a printed state (joined by blank lines), first one first; [] for the empty text and `no goals`."""
    return list(_goal_texts(state))


@lru_cache(maxsize=1000)
def _goal_texts(state: str) -> tuple[str, ...]:
    """Search asks three times about each state."""
    if not state.strip() or state.strip() == "no goals":
        return ()
    return tuple(re.split(r"\n\s*\n", state.strip("\n")))


def first_goal(state: str) -> tuple[str, int]:
    """The text of a printed state's first goal, '' if there is none, and the number of goals."""
    goals = _goal_texts(state)
    return (goals[0] if goals else ""), len(goals)


@lru_cache(maxsize=20_000)
def parse_goal(text: str) -> Goal:
    """One printed goal. Text without a turnstile is taken as a bare conclusion (a statement, not a goal)."""
    lines = text.strip("\n").split("\n")
    case = ""
    if _CASE.match(lines[0]):
        case = lines[0].removeprefix("case ").strip()
        lines = lines[1:]
    declarations: list[str] = []
    for index, line in enumerate(lines):
        if line.startswith("⊢"):
            conclusion = " ".join(part.strip() for part in [line[1:], *lines[index + 1 :]])
            return Goal(_locals(tuple(declarations)), conclusion.strip(), case)
        if line[:1].isspace() and declarations:
            declarations[-1] += " " + line.strip()
        else:
            declarations.append(line.strip())
    return Goal((), " ".join(line.strip() for line in lines), case)


def split_top_level(text: str, separator: str) -> list[str]:
    """`text` cut at each `separator` that stands outside all brackets."""
    if separator not in text:
        return [text]
    parts, start, depth, index = [], 0, 0, 0
    while index < len(text):
        character = text[index]
        if character in _OPENING:
            depth += 1
        elif character in _CLOSING:
            depth -= 1
        elif depth == 0 and text.startswith(separator, index):
            parts.append(text[start:index])
            index += len(separator)
            start = index
            continue
        index += 1
    parts.append(text[start:])
    return parts


def outside_brackets(text: str) -> str:
    """`text` with everything inside brackets left out: `f (a = b) = c` becomes `f () = c`."""
    if not _BRACKET.search(text):
        return text
    kept, depth = [], 0
    for character in text:
        if character in _CLOSING:
            depth -= 1
        if depth <= 0:
            kept.append(character)
        if character in _OPENING:
            depth += 1
    return "".join(kept)


def binder_groups(binders: str) -> Iterator[tuple[list[str], str]]:
    """`(a b : Nat) {α : Type} [BEq α]` or `x y : Nat`: the names and the type of each group that binds names."""
    if binders[:1] not in "({⦃[":
        names, _, type_ = binders.partition(" : ")
        yield names.split(), type_
        return
    depth, start = 0, 0
    for index, character in enumerate(binders):
        if character in "([{⦃":
            if depth == 0:
                start = index
            depth += 1
        elif character in ")]}⦄":
            depth -= 1
            if depth == 0:
                names, colon, type_ = binders[start + 1 : index].partition(" : ")
                if colon:
                    yield names.split(), type_


def unbracketed(text: str) -> str:
    """`text` without the brackets around the whole of it, if there are such."""
    text = text.strip()
    while text.startswith("(") and text.endswith(")") and outside_brackets(text) == "()":
        text = text[1:-1].strip()
    return text


@lru_cache(maxsize=20_000)
def _locals(declarations: tuple[str, ...]) -> tuple[Local, ...]:
    """Every other state that a search meets has the locals of another one (3,368 of 7,026 in a round of lean-logic)."""
    parsed = [(name, type_, value) for names, type_, value in map(_declared, declarations) for name in names]
    types = {name: type_ for name, type_, _ in parsed}
    return tuple(_local(name, type_, _kind(name, type_, types), value) for name, type_, value in parsed)


@lru_cache(maxsize=50_000)
def _declared(declaration: str) -> tuple[tuple[str, ...], str, str | None]:
    """`x y : Nat := 2`: the names, their type and their value. A new state has nearly all from the one before."""
    names, colon, rest = declaration.partition(" : ")
    if not colon:
        return (), "", None
    type_, *value = split_top_level(rest, " := ")
    return tuple(names.split()), type_.strip(), " := ".join(value).strip() if value else None


#: The same hypothesis is in many states.
_local = lru_cache(maxsize=50_000)(Local)


def _kind(name: str, type_: str, types: dict[str, str]) -> LocalKind:
    if _INSTANCE.match(name):
        return LocalKind.INSTANCE
    kind, head = _by_type(type_)
    return LocalKind.PROOF if head and _ends_in_prop(types.get(head, "")) else kind


@lru_cache(maxsize=50_000)
def _by_type(type_: str) -> tuple[LocalKind, str]:
    """What a local of a printed type is, and the local ('' for none) that makes it a proof if it is a predicate. Lean
    prints a pi type as `∀` exactly when its codomain is a proposition."""
    if type_ == "Prop":
        return LocalKind.PROPOSITION, ""
    top = outside_brackets(type_)
    if _SORT.match(type_) and "→" not in top:
        return LocalKind.TYPE, ""
    codomain = unbracketed(split_top_level(type_, " → ")[-1])
    if any(map(_PROPOSITION_START.match, (type_, codomain))) or _RELATION.search(outside_brackets(codomain)):
        return LocalKind.PROOF, ""
    head = IDENTIFIER.match(codomain)
    if head and head.group() in _PREDICATES:
        return LocalKind.PROOF, ""
    return LocalKind.FUNCTION if "→" in top else LocalKind.DATA, head.group() if head else ""


@lru_cache(maxsize=10_000)
def _ends_in_prop(type_: str) -> bool:
    return type_ == "Prop" or split_top_level(type_, " → ")[-1].strip() == "Prop"
