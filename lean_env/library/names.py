"""Lean names as text, and which of them a person gave.

A name is a list of components, strings or numbers. Its text joins them with dots; a string component that would be
misread is put in guillemets, so that different names never share a text.
"""

from __future__ import annotations

import re

#: Components that Lean's elaborator makes up: equation lemmas, `injEq`, `sizeOf_spec`, `match_3`, `_simp_1`, ...
_GENERATED_COMPONENT = re.compile(
    r"""(^|\.)(
        _\w* | proof_\d+ | match_\d+.* | eq_\d+ | eq_def | sizeOf_spec | inj | injEq | hinj | noConfusion.* |
        congr_simp | ctorIdx.* | induct(_unfolding)? | fun_cases.* | mutual_induct
    )(\.|$)""",
    re.VERBOSE,
)
_GENERATED_ANYWHERE = re.compile("[✝«]|_hyg|_auxLemma|_sizeOf")
#: Theorems about the auxiliary recursors of an inductive type: generated, though they look like a person's.
_RECURSOR_COMPONENT = re.compile(r"(^|\.)(brecOn|below|recOn|casesOn|binductionOn|ibelow)(_\d+)?(\.|$)")


def child_name(prefix: str, component: str | int) -> str:
    """The text of the name `prefix` extended by one component; `prefix` is "" for the anonymous name."""
    if isinstance(component, int):
        text = str(component)
    elif component == "" or component.isdecimal() or any(c in ".«»" for c in component):
        text = "«" + component.replace("»", "»»") + "»"
    else:
        text = component
    return f"{prefix}.{text}" if prefix else text


def is_human_name(name: str) -> bool:
    """True unless the name is private or has a component that Lean generates."""
    return not (_GENERATED_COMPONENT.search(name) or _GENERATED_ANYWHERE.search(name))


def is_recursor_name(name: str) -> bool:
    """True for `….brecOn.eq`, `….below.…` and kin: names that pass `is_human_name` and are generated nevertheless."""
    return bool(_RECURSOR_COMPONENT.search(name))
