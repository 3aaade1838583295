"""What a language model is shown of a state: the one place where prompts are made, for search and for training rows.

    prompt_of(layout, state, name, header)

A layout is a text with `{state}`, `{goal}` (the state's first goal alone), `{name}` and `{header}` in it. What stands
above the theorem is a part of what it says, so the default layout begins with it. A theorem without a header has the
same prompt as if there were none.
"""

from __future__ import annotations

import re

from prover.goal import first_goal

DEFAULT_PROMPT = "{header}-- Lean 4 tactic state\n{state}\n-- next tactic\n"
#: What models that are trained here read unless somebody says otherwise. A tactic acts on the first goal, the others
#: would take most of the time.
GOAL_PROMPT = "{header}{goal}\n-- next tactic\n"
#: Of a longer header its last lines stand in a prompt: they are the nearest to the theorem. About 700 tokens, so that a
#: state fits beside it into the 1,024 that `SamplingOptions` allows.
MAX_HEADER = 2000
_SLOT = re.compile(r"\{(state|goal|name|header)\}")


def prompt_of(layout: str, state: str, name: str, header: str = "") -> str:
    """`layout` filled in, in one pass: a state that has `{name}` in it stays as it is. `header`: the text above the
    theorem, without imports, or ''."""
    words = {"state": state, "goal": first_goal(state)[0], "name": name, "header": header_lines(header)}
    return _SLOT.sub(lambda slot: words[slot[1]], layout)


def header_lines(header: str) -> str:
    """The header in at most MAX_HEADER characters and a line that says what is left out; '' or ended by a line break.

    Lines are whole, but for a last line that is longer than that by itself."""
    text = header.strip("\n")
    if not text.strip():
        return ""
    if len(text) <= MAX_HEADER:
        return f"{text}\n"
    kept = text[-MAX_HEADER:]
    # The first line of what is left is cut, unless the cut happens to be at a line's end.
    if text[-MAX_HEADER - 1] != "\n" and "\n" in kept:
        kept = kept.partition("\n")[2]
    lost = text.count("\n") - kept.count("\n")
    return f"-- (lines left out above: {lost})\n{kept}\n" if lost else f"{kept}\n"


def layout_in_words(layout: str) -> str:
    """What the card of a data set says of the layout."""
    if "{header}" not in layout:
        return "A theorem's header (what stands above it) is not in its prompt: no `{header}` in the layout."
    return (
        "A theorem's header (what stands above it) stands in its prompt, of a long one the last "
        f"{MAX_HEADER:,} characters in whole lines."
    )
