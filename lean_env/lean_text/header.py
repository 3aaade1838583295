"""The header of a Lean file: what it imports, and the rest, which is what Lean is given to elaborate here."""

from __future__ import annotations

import re
from dataclasses import dataclass

from lean_env.lean_text.mask import mask

_IMPORT = r"(?:public\s+)?(?:meta\s+)?import\s+(?:all\s+)?([^\s]+)"
#: Several may stand on a line, and `module` or `prelude` before them.
_LINE = re.compile(rf"(?:(?:module|prelude|{_IMPORT})(?:\s+|$))+")
_QUOTED = re.compile(r"«[^»\n]*»")
#: A command that says something, to its end: a line that begins at the margin with anything but a bracket.
_SAYS = re.compile(r"^#(?:eval|check|print|reduce|synth)[^\n]*\n?(?:[ \t]+[^\n]*\n?)*", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Header:
    """What a file imports, and the rest of it."""

    #: In order and without repetition, `Init` first unless the file says `prelude`.
    imports: tuple[str, ...]
    #: The file with the header's lines empty, so that lines keep their numbers.
    body: str
    #: Characters of the header.
    length: int


def read_header(text: str) -> Header:
    """Imports, `module`, `prelude` and comments up to the first line of anything else. Of `public import`,
    `meta import` and `import all` only the module counts: what is elaborated here sees all of what it imports."""
    lines, code = text.split("\n"), mask(_QUOTED.sub(lambda name: "q" * len(name[0]), text)).split("\n")
    imports: list[str] = []
    prelude = False
    end = length = 0
    for number, line in enumerate(code, start=1):
        bare = line.strip()
        if _LINE.fullmatch(bare):
            prelude = prelude or bare.split()[0] == "prelude" or "prelude" in bare.split()[1:2]
            imports += [
                lines[number - 1][found.start(1) : found.end(1)] for found in re.finditer(_IMPORT, line) if found[1]
            ]
        elif bare:
            break
        else:
            continue  # a comment or nothing; a header's line may follow
        end = number
    length = sum(len(line) + 1 for line in lines[:end])
    if not prelude:
        imports.insert(0, "Init")
    return Header(tuple(dict.fromkeys(imports)), "\n" * end + "\n".join(lines[end:]), length)


def without_output(text: str) -> str:
    """Without commands that only say something, lines kept: `#eval` would run code, and nobody reads the rest."""
    return _SAYS.sub(lambda found: "\n" * found[0].count("\n"), text)
