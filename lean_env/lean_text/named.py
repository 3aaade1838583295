"""What of a text's declarations another text names, itself or through others. No Lean is run."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import pairwise

from lean_env.lean_text.commands import Command, commands_of
from lean_env.lean_text.mask import mask
from lean_env.lean_text.scope import WORD

#: Commands that nothing sees who does not name what they declare.
_NAMED = frozenset({"def", "abbrev", "theorem", "lemma", "inductive", "structure"})
_TRAILING_DOC = re.compile(r"/--(?:(?!-/).)*-/\s*\Z", re.DOTALL)


def definitions_named_in(text: str, module: str) -> str:
    """`module` with those of its definitions and theorems empty that neither `text` nor a kept one names. What works
    without being named (instances, notation, options) stays. Lines are kept, doc comments are not."""
    commands = _commands(module)
    if not commands:
        return module
    kept = _kept(text, commands)
    cuts = [*(command.begin for command in commands), len(module)]
    pieces = [_TRAILING_DOC.sub(_blank, module[: cuts[0]])]
    for number, (start, end) in enumerate(pairwise(cuts)):
        piece = module[start:end]
        # What a command ends with is the comment of the next one, which may be gone.
        pieces.append(_TRAILING_DOC.sub(_blank, piece) if number in kept else _blank(piece))
    return "".join(pieces)


def _kept(text: str, commands: tuple[Command, ...]) -> set[int]:
    """Numbers of commands. By the last part of a name: `s.put` may be any `put`."""
    declared = {
        number: command.declared.partition(" ")[2].rpartition(".")[2]
        for number, command in enumerate(commands)
        if command.word in _NAMED and command.declared != command.word
    }
    kept = {number for number, command in enumerate(commands) if number not in declared and command.word[0] != "#"}
    words = set(WORD.findall(mask(text))).union(*(WORD.findall(commands[number].masked) for number in kept))
    while found := {number for number, name in declared.items() if number not in kept and name in words}:
        kept |= found
        words.update(*(WORD.findall(commands[number].masked) for number in found))
    return kept


@lru_cache(maxsize=16)
def _commands(text: str) -> tuple[Command, ...]:
    return tuple(commands_of(text, mask(text)))


def _blank(text: str | re.Match[str]) -> str:
    return re.sub(r"[^\n]", "", text if isinstance(text, str) else text[0])
