"""Theorems of Lean source text: where each stands, and what is in force there. No Lean is needed and none is run.

Commands are recognised by the word that begins them. What a file declares besides theorems is not carried over: a
theorem after a `def` or a `notation` has that in its scope, since it may mean something else without.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache

from lean_env.lean_text.commands import DECLARES, DEFINES, NAME, THEOREMS, Command, commands_of
from lean_env.lean_text.mask import at_depth_zero, mask, without_comments
from lean_env.lean_text.scope import WORD, Scope

_DECLARATION = re.compile(rf"(?<![\w'.])(?:{'|'.join((*THEOREMS, *DECLARES))})(?![\w'!?.])|\#[a-z_]+")
_COLON = re.compile(r":(?![:=])(?<!::)")
_IN = re.compile(r"(?<![\w'])in(?![\w'])")
_SORRY = re.compile(r"(?<![\w'.])sorry(?![\w'])")
#: Where line breaks may matter, so that a statement keeps them.
_LAYOUT = re.compile(r"(?<![\w'])(let|have|match|by|do|calc|show|suffices|where)(?![\w'])|\"")
#: `:=` ends a statement unless one of these is still without its value.
_VALUE = re.compile(r"(?<![\w'.])(let|have|letI|haveI|let_fun)(?![\w'])|:=|^[ \t]*\|(?=[^\n]*=>)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class TheoremText:
    """A theorem, lemma or example. The last four fields are offsets in characters."""

    #: `theorem`, `lemma` or `example`.
    word: str
    #: In full; '' for an example.
    name: str
    #: What stands before the colon, without comments.
    binders: str
    #: What stands after the colon, without comments.
    conclusion: str
    #: It has a proof without `sorry`.
    proved: bool
    scope: Scope
    #: Counted from 1.
    line: int
    #: Of the word.
    start: int
    #: Of the name.
    name_at: int
    #: Of the `:=`, or the first `|`, that ends the statement.
    sign: int
    end: int


@dataclass(slots=True)
class _Frame:
    scope: Scope
    parts: int
    #: What stands behind the word that opened it.
    name: str = ""


def theorems_of(text: str) -> list[TheoremText]:
    """The theorems, lemmas and examples of `text`, in order, whether they have a proof or `sorry` or nothing."""
    reader = _Reader()
    for command in commands_of(text, mask(text)):
        reader.read(command)
    return reader.theorems


@dataclass(frozen=True, slots=True)
class OwnNames:
    """What a text declares for tactics to use: definitions by their full names, theorems with what they say."""

    definitions: tuple[str, ...] = ()
    #: What the text of each definition mentions, as the last part of each name: `s.put` as `put`.
    mentions: tuple[frozenset[str], ...] = ()
    #: Name, and the statement with its binders in front: `∀ (a : Nat), a = a`.
    theorems: tuple[tuple[str, str], ...] = ()


@lru_cache(maxsize=256)
def own_names(text: str) -> OwnNames:
    """The definitions of `text` and its named theorems that have a proof, in order."""
    reader = _Reader()
    for command in commands_of(text, mask(text)):
        reader.read(command)
    stated = (
        (it.name, f"∀ {it.binders}, {it.conclusion}" if it.binders else it.conclusion)
        for it in reader.theorems
        if it.name and it.proved
    )
    return OwnNames(tuple(reader.definitions), tuple(reader.definitions.values()), tuple(stated))


def unclosed(text: str) -> list[str]:
    """The names of the namespaces and sections that `text` leaves open, innermost first; '' for one without a name."""
    reader = _Reader()
    for command in commands_of(text, mask(text)):
        reader.read(command)
    return reader.open_names()


class _Reader:
    def __init__(self) -> None:
        self.theorems: list[TheoremText] = []
        self.definitions: dict[str, frozenset[str]] = {}
        self._scope = Scope()
        self._frames: list[_Frame] = []
        #: What a command prefixed by `… in` is read in, instead of the scope.
        self._once: Scope | None = None

    def read(self, command: Command) -> None:
        scope = self._once or self._scope
        word, text = command.word, " ".join(command.masked.split())
        if word in ("open", "set_option", "variable", "include", "omit") and (
            split := _IN.search(at_depth_zero(command.masked))
        ):
            self._once = _with(scope, word, " ".join(command.masked[: split.start()].split()))
            rest, masked = command.rest[split.end() :], command.masked[split.end() :]
            line = command.line + command.masked.count("\n", 0, split.end())
            for inner in commands_of(rest, masked, line, command.at + split.end()):
                self.read(inner)
            return
        self._once = None
        if word in THEOREMS:
            self._theorem(command, scope)
        elif word in ("namespace", "section"):
            self._begin(word, text)
        elif word == "end":
            self._end(text)
        elif word in DECLARES:
            self._declare(f"{word} {text}")
            if word in DEFINES and (named := NAME.match(command.rest)) and named[1]:
                words = WORD.findall(command.masked[named.end() :])
                self.definitions[_full_name(named[1], scope)] = frozenset(words)
            if word == "mutual":
                self._frames.append(_Frame(self._scope, 1))
        elif not word.startswith("#"):
            self._scope = _with(self._scope, word, text)

    def _begin(self, word: str, text: str) -> None:
        name = text.split(" ", 1)[0]
        self._frames.append(_Frame(self._scope, max(1, len(name.split("."))), name))
        if word == "namespace" and name:
            outer = self._scope.namespaces[-1:]
            inner = [".".join(name.split(".")[: i + 1]) for i in range(len(name.split(".")))]
            full = tuple(f"{outer[0]}.{part}" if outer else part for part in inner)
            self._scope = replace(self._scope, namespaces=self._scope.namespaces + full)

    def open_names(self) -> list[str]:
        return [frame.name for frame in reversed(self._frames)]

    def _end(self, text: str) -> None:
        parts = len(text.split(" ", 1)[0].split(".")) if text else 1
        while parts > 0 and self._frames:
            frame = self._frames.pop()
            parts -= frame.parts
            self._scope = replace(frame.scope, declared=self._scope.declared)

    def _declare(self, what: str) -> None:
        if not self._scope.declared:
            self._scope = replace(self._scope, declared=f"`{what[:60]}`")

    def _theorem(self, command: Command, scope: Scope) -> None:
        named = NAME.match(command.rest) if command.word != "example" else None
        name = (named and named[1]) or ""
        start = named.end() if named else 0
        if named and named[2]:
            scope = replace(scope, universes=(*scope.universes, named[2][2:-1]))
        name = name and _full_name(name, scope)
        binders, conclusion, proved, sign = _signature(command.rest[start:], command.masked[start:])
        self.theorems.append(
            TheoremText(
                word=command.word,
                name=name,
                binders=binders,
                conclusion=conclusion,
                proved=proved,
                scope=scope,
                line=command.line,
                start=command.start,
                name_at=command.at + (named.start(1) if named and named[1] else 0),
                sign=command.at + start + sign,
                end=command.at + len(command.masked.rstrip()),
            )
        )


def _full_name(name: str, scope: Scope) -> str:
    if name.startswith("_root_."):
        return name.removeprefix("_root_.")
    return f"{scope.namespaces[-1]}.{name}" if scope.namespaces else name


def _with(scope: Scope, word: str, text: str) -> Scope:
    if word == "import":
        # `import all A`, `public import A`; one module a command.
        module = text.removeprefix("all ").split(" ")[0]
        return replace(scope, imports=(*scope.imports, module)) if module else scope
    if word == "prelude":
        return replace(scope, prelude=True)
    if word == "open":
        return scope.opening(text)
    if word == "set_option":
        return replace(scope, options=(*scope.options, text))
    if word in ("universe", "universes"):
        return replace(scope, universes=(*scope.universes, text))
    if word in ("variable", "variables"):
        return replace(scope, variables=(*scope.variables, text))
    if word in ("include", "omit"):
        return replace(scope, variables=(*scope.variables, f"{word} {text}"))
    return scope


def is_signature(text: str) -> bool:
    """Whether a statement is `(a : Nat) : a = a`, as after a theorem's name, and not a bare proposition: nothing but
    binders in brackets stands before its first colon."""
    flat = at_depth_zero(mask(text))
    colon = _COLON.search(flat)
    return colon is not None and not flat[: colon.start()].strip("(){}[]⦃⦄ \t\n")


def signature(text: str) -> str:
    """A statement as it stands after a theorem's name: a bare proposition behind a colon."""
    return text if is_signature(text) else f": {text}"


def is_one_statement(text: str) -> bool:
    """Whether what would stand between `theorem t` and `:=` can be a statement and no more: no end of one with other
    declarations behind it. For a Lean that reads it as a file's text; notation of one's own can still deceive this."""
    masked = mask(text)
    return _signature(text, masked)[3] == len(text) and not _DECLARATION.search(masked)


def bare_signature(text: str) -> tuple[str, str, bool]:
    """Binders, conclusion and whether it is proved of a text that is only a statement, `(a : Nat) : a = a` or
    `∀ a : Nat, a = a`, with or without a proof."""
    text = signature(text)
    return _signature(text, mask(text))[:3]


def _signature(text: str, masked: str) -> tuple[str, str, bool, int]:
    """Binders, conclusion, whether a proof follows that has no `sorry`, and where the statement ends."""
    flat = at_depth_zero(masked)
    end, open_values = len(text), 0
    for found in _VALUE.finditer(flat):
        if found[0] == ":=" and open_values:
            open_values -= 1
        elif found[0].lstrip() in (":=", "|"):
            end = found.start()
            break
        else:
            open_values += 1
    body = masked[end:].removeprefix(":=").strip()
    proved = bool(body) and body != "by" and not _SORRY.search(body)
    colon = _COLON.search(flat, 0, end)
    if colon is None:
        return _tidy(text[:end]), "", proved, end
    return _tidy(text[: colon.start()]), _tidy(text[colon.end() : end]), proved, end


def _tidy(text: str) -> str:
    """Without comments, and on one line where no layout can matter."""
    text = without_comments(text).strip()
    return text if _LAYOUT.search(text) else " ".join(text.split())
