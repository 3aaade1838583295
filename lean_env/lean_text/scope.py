"""What is in force where a theorem stands: imports, opened names, variables, options, declarations before it."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

#: Options that cannot change what a statement means: limits, printing, linters, tactics, and whether an unknown name
#: is bound silently (here letters alone are, where Lean refuses the statement otherwise).
_HARMLESS_OPTION = re.compile(
    r"(maxHeartbeats|maxRecDepth|synthInstance\.max\w+|autoImplicit|relaxedAutoImplicit|warningAsError|profiler"
    r"|diagnostics|Elab\.async|(pp|linter|weak|trace|warn|tactic|simp|grind|aesop|says)\.[\w.]+)"
)
WORD = re.compile(r"[^\W\d][\w'!?₀-₉]*")
_GROUP = re.compile(r"[({⦃\[]([^()\[\]{}⦃⦄]*(?:[(\[{][^()\[\]{}]*[)\]}][^()\[\]{}]*)*)[)}⦄\]]")


@dataclass(frozen=True, slots=True)
class Scope:
    """What the text above a place puts in force there."""

    imports: tuple[str, ...] = ()
    prelude: bool = False
    #: What follows the word `open`, one name each where it is a plain list.
    opens: tuple[str, ...] = ()
    #: Full names, outermost first.
    namespaces: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    universes: tuple[str, ...] = ()
    #: The first declaration of the file that is no theorem, '' if there is none yet.
    declared: str = ""

    @property
    def modules(self) -> tuple[str, ...]:
        """What the header imports, `Init` with it unless it says `prelude`, without repetition."""
        return tuple(dict.fromkeys((() if self.prelude else ("Init",)) + self.imports))

    def opening(self, text: str) -> Scope:
        """With what `open TEXT` opens."""
        words = text.split()
        scoped = bool(words) and words[0] == "scoped"
        names = words[1:] if scoped else words
        plain = not re.search(r"[(),→]|->", text) and not {"hiding", "renaming"} & set(words)
        added = tuple(f"scoped {name}" if scoped else name for name in names) if plain else (" ".join(words),)
        return replace(self, opens=self.opens + added)

    def header(self) -> str:
        """The scope as source text, for people."""
        lines = [f"import {module}" for module in self.imports]
        lines += [f"open {text}" for text in self.opens]
        lines += [f"namespace {name}" for name in self.namespaces[-1:]]
        lines += [f"set_option {text}" for text in self.options]
        lines += [f"universe {text}" for text in self.universes]
        lines += [f"variable {text}" for text in self.variables]
        return "\n".join(lines)

    def objection(self, statement: str) -> str:
        """Why a statement of this scope cannot be stated by itself, or ''. `statement` without comments and strings."""
        if self.declared:
            return f"the file declares things before it: {self.declared}"
        for option in self.options:
            if not _HARMLESS_OPTION.match(option):
                return f"set_option {option.split()[0]} may change what it means"
        if needed := _needed_variables(self.variables, set(WORD.findall(statement))):
            return f"needs the file's variables: {needed}"
        return ""


def _needed_variables(variables: tuple[str, ...], words: set[str]) -> str:
    """The first `variable` line that the statement may depend on, '' if there is none.

    Such a line binds a name that the statement uses. An anonymous instance counts too: the text does not tell whether
    it belongs to the statement."""
    bound: set[str] = set()
    for line in variables:
        for group in _GROUP.finditer(line):
            names, colon, _ = group[1].partition(":")
            if group[0][0] != "[" or colon:
                bound.update(WORD.findall(names))
    for line in variables:
        groups = list(_GROUP.finditer(line))
        if not groups:
            return line.strip()
        for group in groups:
            names, colon, _ = group[1].partition(":")
            mine = set(WORD.findall(names)) if colon or group[0][0] != "[" else set()
            alone = group[0][0] == "[" and not bound & set(WORD.findall(group[1]))
            if mine & words or alone:
                return line.strip()
    return ""
