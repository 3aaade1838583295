"""Commands of Lean source text, recognised by the word that begins them: where each stands and what it declares.

No Lean is needed and none is run. `theorems.py` reads the theorems among them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from lean_env.lean_text.mask import at_depth_zero, mask

THEOREMS = ("theorem", "lemma", "example")
SCOPES = (
    *("import", "prelude", "module", "namespace", "section", "end", "open", "variable", "variables", "universe"),
    *("universes", "set_option", "include", "omit", "export"),
)
DECLARES = (
    *("def", "abbrev", "instance", "axiom", "opaque", "constant", "structure", "inductive", "coinductive", "class"),
    *("mutual", "notation", "notation3", "infix", "infixl", "infixr", "prefix", "postfix", "macro", "macro_rules"),
    *("syntax", "elab", "elab_rules", "declare_syntax_cat", "attribute", "initialize", "builtin_initialize"),
    *("deriving", "alias", "unif_hint", "simproc", "run_cmd", "run_elab", "irreducible_def"),
)
DEFINES = ("def", "abbrev", "irreducible_def")
_MODIFIER = r"(?:@\[[^\]]*\]|private|protected|noncomputable|nonrec|unsafe|partial|public|meta|local|scoped)\s+"
_COMMAND = re.compile(
    rf"^(?P<indent>[ \t]*)(?P<modifiers>(?:{_MODIFIER})*)"
    rf"(?P<word>{'|'.join((*THEOREMS, *SCOPES, *DECLARES))}|\#[a-z_]+)(?![\w'!?.])",
    re.MULTILINE,
)
#: Words that begin a tactic as well; inside a proof they are indented deeper than the theorem.
_ALSO_TACTICS = frozenset({"open", "set_option", "instance", "notation", "include", "omit", "end", "attribute"})
NAME = re.compile(r"\s*((?:«[^»]*»|[^\W\d][\w'!?₀-₉]*)(?:\.(?:«[^»]*»|[\w'!?₀-₉]+))*)?\s*(\.\{[^}]*\})?")
#: What ends a command that another one follows in the same breath: `open Nat in theorem …`.
_IN = re.compile(r"(?<![\w'])in\s*$")
#: A line of attributes; `@[simp] def f := 1` is a command of its own.
_ATTRIBUTES = re.compile(r"\s*@\[[^\]]*\]\s*")
_INSIDE = re.compile(r"(?<![\w'])in\s+")


@dataclass(frozen=True, slots=True)
class Command:
    """`rest` follows its word, `masked` is its mask. `modifiers`: with the blanks behind them. `start`: offset of the
    word; `at`: of the rest."""

    word: str
    rest: str
    masked: str
    line: int
    modifiers: str
    start: int
    at: int

    @property
    def begin(self) -> int:
        """Offset of its first modifier on the line of the word."""
        return self.start - len(self.modifiers)

    @property
    def end(self) -> int:
        return self.at + len(self.masked)

    @property
    def prefixes(self) -> bool:
        """It holds for the next command alone: `open Nat in`."""
        return _IN.search(at_depth_zero(self.masked)) is not None

    @property
    def without_in(self) -> str:
        """What a command that prefixes another says, as a command of its own."""
        found = _IN.search(at_depth_zero(self.masked))
        return f"{self.word}{self.rest[: found.start() if found else None]}".rstrip()

    @property
    def declared(self) -> str:
        """`theorem t`, `instance`, `example`: the word and the name."""
        named = NAME.match(self.rest) if self.word != "example" else None
        name = named[1] if named and named[1] and self.word != "mutual" else ""
        return f"{self.word} {name}".rstrip()


@dataclass(frozen=True, slots=True)
class Place:
    """The command that a place in a text lies in. `start`: where it begins, with modifiers, doc comment and the
    `… in` lines in front of it, or the `mutual` round it; `above` are those lines' own commands, without `in`."""

    start: int
    end: int
    declared: str = ""
    above: tuple[str, ...] = ()


def commands_of(text: str, masked: str, first_line: int = 1, offset: int = 0) -> Iterator[Command]:
    """The commands of `text`, in order. `first_line` and `offset`: where it stands in a longer text."""
    found: list[re.Match[str]] = []
    for match in _COMMAND.finditer(masked):
        word, indent = match["word"], len(match["indent"])
        if found and word in _ALSO_TACTICS and indent > len(found[-1]["indent"]) and found[-1]["word"] not in SCOPES:
            continue
        found.append(match)
    ends = [following.start() for following in found[1:]] + [len(text)]
    for match, end in zip(found, ends, strict=False):
        line = first_line + masked.count("\n", 0, match.start("word"))
        yield Command(
            word=match["word"],
            rest=text[match.end() : end],
            masked=masked[match.end() : end],
            line=line,
            modifiers=match["modifiers"],
            start=offset + match.start("word"),
            at=offset + match.end(),
        )


def command_start(text: str, offset: int) -> int:
    """Where the command begins that `offset` lies in; see `place_of`."""
    return place_of(text, offset).start


def place_of(text: str, offset: int) -> Place:
    """The command that `offset` lies in; before the first one an empty one at 0."""
    commands = list(commands_of(text, mask(text)))
    before = [number for number, command in enumerate(commands) if command.begin <= offset]
    if not before:
        return Place(0, commands[0].begin if commands else len(text))
    first = last = before[-1]
    inner, declared = _within(commands[first])
    if (block := _mutual(commands, first)) is not None:
        first = block
        last = next((n for n in range(last + 1, len(commands)) if commands[n].word == "end"), len(commands) - 1)
    above: list[str] = []
    while first > 0 and commands[first - 1].prefixes:
        first -= 1
        above.insert(0, commands[first].without_in)
    return Place(_with_comments(text, commands[first].begin), commands[last].end, declared, (*above, *inner))


def _within(command: Command) -> tuple[tuple[str, ...], str]:
    """What `open Nat in theorem t` puts above its theorem, all on one line, and what it declares."""
    if command.word in SCOPES and (split := _INSIDE.search(at_depth_zero(command.masked))):
        for one in commands_of(command.rest[split.end() :], command.masked[split.end() :]):
            inner, declared = _within(one)
            return (f"{command.word}{command.rest[: split.start()]}".rstrip(), *inner), declared
    return (), command.declared


def _mutual(commands: list[Command], number: int) -> int | None:
    """The `mutual` that a command stands in."""
    for before in range(number - 1, -1, -1):
        if commands[before].word == "end":
            return None
        if commands[before].word == "mutual":
            return before
    return None


def _with_comments(text: str, start: int) -> int:
    """Back over the doc comment and the attributes on lines of their own."""
    start = text.rfind("\n", 0, start) + 1
    above = text[:start].rstrip()
    if above.endswith("-/") and (opening := above.rfind("/--")) >= 0 and "-/" not in above[opening:-2]:
        start = opening
    while _ATTRIBUTES.fullmatch(line := text[text.rfind("\n", 0, max(start - 1, 0)) + 1 : start]):
        start -= len(line)
    return start
