"""Classes of statements that are known as text alone: theorems over Mathlib, printed tactic states.

Two texts have the same class when they read the same, token by token, after variables are numbered in the order of
their use and hypotheses ordered by what they say. Binders before the colon, `∀` and premises before an arrow are
hypotheses alike, so that `theorem t (n : ℕ) (h : 0 < n) : P n`, `∀ n : ℕ, 0 < n → P n` and the state

    n : ℕ
    h : 0 < n
    ⊢ P n

are one. Instances and types that nothing else mentions do not count. What is printed otherwise than it was written
(parentheses, coercions, notation) is another class: this finds copies, not meanings.
"""

from __future__ import annotations

import hashlib
import re

from lean_env.benchmark.classes import Token, in_order_of_use, numbered
from lean_env.lean_text.commands import DECLARES, commands_of
from lean_env.lean_text.mask import mask, without_comments
from lean_env.lean_text.named import definitions_named_in
from lean_env.lean_text.theorems import bare_signature

_WORD = re.compile(
    r"«[^»]*»|[^\W\d][\w'!?✝₀-₉]*(?:\.[\w'!?✝₀-₉]+)*|\d+(?:\.\d+)?"
    r"|:=|<->|->|=>|<=|>=|!=|&&|\|\||\+\+|::|/\\|\\/|∃!|\S"
)
_NAME = re.compile(r"[^\W\d]|«")
_SPELLINGS = {
    **{"ℕ": "Nat", "ℤ": "Int", "ℚ": "Rat", ">=": "≥", "<=": "≤", "->": "→", "<->": "↔", "!=": "≠", "λ": "fun"},
    **{"/\\": "∧", "\\/": "∨", "=>": "↦"},
}
#: What binds names; they go up to one of `_ENDS`.
_BINDERS = frozenset({"∀", "∃", "fun", "∑", "∏", "Π", "∃!"})
_ENDS = frozenset({":", ",", "↦", "in", "∈"})
_OPENING, _CLOSING = {"(": ")", "{": "}", "[": "]", "⦃": "⦄"}, frozenset(")}]⦄")
_SORTS = frozenset({"Type", "Sort", "Prop"})
_HYPOTHESIS = re.compile(r"^(?P<names>[^\s:⊢][^:⊢]*?)\s*:(?!=)\s*(?P<type>.*)$", re.DOTALL)


def class_of_statement(text: str, header: str = "") -> str:
    """The class of `(n : ℕ) : n = n` or `∀ n : ℕ, n = n`: 32 hex digits; '' for a text without a conclusion.

    `header`: what stands above it. What that declares is a part of what the statement says, as far as the statement
    names it; without any such declaration the class is that of the statement alone, and that of a printed state."""
    binders, conclusion, _ = bare_signature(text)
    if not conclusion.strip():
        return ""
    alone = _class(_binder_groups(_words(binders)), _words(conclusion))
    own = _declared(definitions_named_in(text, header)) if header else []
    return hashlib.sha256("\n".join((f"text class 1, {alone}", *own)).encode()).hexdigest()[:32] if own else alone


def class_of_state(text: str) -> str:
    """The class of a printed state's first goal; '' if there is none."""
    found = hypotheses_of(text)
    if found is None:
        return ""
    return _class([(names, _words(type)) for names, type in found[0]], _words(found[1]))


def hypotheses_of(state: str) -> tuple[list[tuple[list[str], str]], str] | None:
    """Names and type of each hypothesis of a printed state's first goal, and its conclusion; None if there is none."""
    above, turnstile, conclusion = state.strip().split("\n\n")[0].partition("⊢")
    if not turnstile or not conclusion.strip():
        return None
    hypotheses = []
    # A line that is indented goes on with the one above it.
    for entry in re.split(r"\n(?=\S)", above.strip()):
        if not entry.startswith("case ") and (found := _HYPOTHESIS.match(entry)):
            hypotheses.append((found["names"].split(), found["type"]))
    return hypotheses, conclusion.strip()


def _class(hypotheses: list[tuple[list[str], list[str]]], conclusion: list[str]) -> str:
    peeled, conclusion = _peeled(conclusion)
    domains: dict[object, list[Token]] = {}
    bound = {name for names, _ in (*hypotheses, *peeled) for name in names}
    for names, type in (*hypotheses, *peeled):
        for name in names or [f"_{len(domains)}"]:
            if not (name.startswith("inst") and "✝" in name):
                # A universe's name says nothing.
                domains[name] = [type[0]] if type[:1] and type[0] in _SORTS else _tokens(type, bound)
    tokens = _tokens(conclusion, bound)
    used = {t[1] for line in (tokens, *domains.values()) for t in line if not isinstance(t, str)}
    for variable in [v for v, type in domains.items() if type and type[0] in _SORTS and v not in used]:
        del domains[variable]
    text = " ".join(numbered(in_order_of_use(tokens, domains)))
    return hashlib.sha256(f"text class 1\n{text}".encode()).hexdigest()[:32]


def _declared(header: str) -> list[str]:
    """Each declaration and `variable` line of a header as its words. What is opened or set, proved or printed does not
    count."""
    commands = commands_of(header, mask(header))
    told = (command for command in commands if command.word in (*DECLARES, "variable", "variables"))
    return [" ".join((command.word, *_words(without_comments(command.rest)))) for command in told]


def _words(text: str) -> list[str]:
    return [_SPELLINGS.get(word, word) for word in _WORD.findall(text)]


def _tokens(words: list[str], bound: set[str]) -> list[Token]:
    """Words with variables marked: those of the statement, and what the text binds itself. `h.le` is `h` and `.le`."""
    inner: set[str] = set()
    binding = False
    for word in words:
        if word in _BINDERS:
            binding = True
        elif word in _ENDS:
            binding = False
        elif binding and _NAME.match(word):
            inner.add(word)
    names = bound | inner
    tokens: list[Token] = []
    for word in words:
        head, dot, rest = word.partition(".")
        if word in names:
            tokens.append(("variable", word))
        elif dot and head in names:
            tokens += [("variable", head), f".{rest}"]
        else:
            tokens.append(word)
    return tokens


def _peeled(words: list[str]) -> tuple[list[tuple[list[str], list[str]]], list[str]]:
    """The binders of `∀` and the premises of arrows in front of a proposition, and the rest. What is opened for a
    statement does not count, as it does not where its file opens it."""
    while words[:1] == ["open"] and "in" in words:
        words = words[words.index("in") + 1 :]
    found: list[tuple[list[str], list[str]]] = []
    while words:
        if words[0] == "∀" and (comma := _at_depth_zero(words, ",")) is not None:
            inside = words[1:comma]
            found += _binder_groups(inside) if inside and inside[0] in _OPENING else [_group(inside)]
            words = words[comma + 1 :]
        elif words[0] not in _BINDERS and (arrow := _at_depth_zero(words, "→")) is not None:
            found.append(([], words[:arrow]))
            words = words[arrow + 1 :]
        else:
            break
    return found, words


def _at_depth_zero(words: list[str], wanted: str) -> int | None:
    depth = 0
    for i, word in enumerate(words):
        depth += (word in _OPENING) - (word in _CLOSING)
        if word == wanted and depth == 0:
            return i
    return None


def _binder_groups(words: list[str]) -> list[tuple[list[str], list[str]]]:
    """Names and type of each `(a b : T)`; instances in square brackets are left out."""
    groups: list[tuple[list[str], list[str]]] = []
    start = 0
    while start < len(words):
        if words[start] not in _OPENING:
            start += 1
            continue
        depth, end = 0, start
        for end in range(start, len(words)):
            depth += (words[end] in _OPENING) - (words[end] in _CLOSING)
            if depth == 0:
                break
        if words[start] != "[":
            groups.append(_group(words[start + 1 : end]))
        start = end + 1
    return groups


def _group(words: list[str]) -> tuple[list[str], list[str]]:
    """`a b : T`, and `a > 0` or `a ∈ s` with all that is said of `a`."""
    names = next((i for i, word in enumerate(words) if not _NAME.match(word)), len(words))
    rest = words[names:]
    return words[:names], rest[1:] if rest[:1] == [":"] else rest
