"""A cheap look at a proof's text before any Lean sees it. It may refuse early; it never accepts.

Everything that it looks for is also refused later, by Lean's parser (a body must be one tactic block) or by the gate,
which does not read text at all. It saves work and gives a clear reason for the bodies that models write most often.
"""

from __future__ import annotations

import re

#: Words that start a command and no tactic, or a tail that belongs to the declaration and not to its proof.
_COMMAND = re.compile(
    r"""^[ \t]* (?: @\[[^\]]*\] [ \t]* )* (?: \#[a-z]\w* | (?:
        axiom | theorem | lemma | def | abbrev | instance | opaque | inductive | structure | class | mutual |
        namespace | section | end | example | variable | universe | import | attribute | initialize |
        macro | macro_rules | syntax | elab | notation | notation3 |
        unsafe | partial | private | protected | noncomputable | termination_by | decreasing_by | where )\b )""",
    re.VERBOSE | re.MULTILINE,
)
#: Comments (one level: nested ones are left to Lean), strings and character literals.
_OPAQUE = re.compile(r"""--[^\n]*|/-.*?-/|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\\n])'""", re.DOTALL)
_PAIRS = {")": "(", "]": "[", "}": "{", "⟩": "⟨"}


def body_is_one_tactic_block(body: str) -> str | None:
    """Why `body` cannot be the tactic block of one proof, or None: it may be one."""
    code = _OPAQUE.sub(" ", body)
    if not code.strip():
        return "the proof is empty"
    if "/-" in code:
        return "a comment has no end"
    if '"' in code:
        return "a string has no end"
    if command := _COMMAND.search(code):
        return f"`{command.group().strip()}` starts a command, not a tactic"
    open_brackets: list[str] = []
    for character in code:
        if character in _PAIRS.values():
            open_brackets.append(character)
        elif character in _PAIRS and (not open_brackets or open_brackets.pop() != _PAIRS[character]):
            return f"a `{character}` closes nothing"
    return f"a `{open_brackets[-1]}` is never closed" if open_brackets else None
