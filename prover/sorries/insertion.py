"""Proofs as text in the place of a `sorry`: the layouts that may fit there, the one that reads best first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

#: Search names what `intro`, `cases` and `induction` bring without daggers.
_UNHYGIENIC = "set_option tactic.hygienic false in"


@dataclass(frozen=True, slots=True)
class Block:
    """The tactics that prove one goal. `renamed` names the locals that cannot be written; `before` brings hypotheses
    that the file may not have there, `having` some that it has not."""

    tactics: tuple[str, ...]
    renamed: tuple[str, ...] = ()
    before: tuple[str, ...] = ()
    having: tuple[str, ...] = ()

    def lines(self, *, before: bool, renamed: bool, unhygienic: bool) -> tuple[str, ...]:
        """Its tactics with what they may need in front of them."""
        renaming = (f"rename_i {' '.join(self.renamed)}",) if renamed and self.renamed else ()
        return (
            *self.having,
            *renaming,
            *(self.before if before else ()),
            *((_UNHYGIENIC,) if unhygienic else ()),
            *self.tactics,
        )


def layouts(text: str, offset: int, word: str, tactic: bool, blocks: Sequence[Block]) -> Iterator[str]:
    """`text` with `word`, which stands at `offset`, replaced: every goal's block, in every layout that may fit."""
    newline = "\r\n" if "\r\n" in text else "\n"
    needs = [
        (False, True) if any(one) else (False,) for one in ([b.before for b in blocks], [b.renamed for b in blocks])
    ]
    for before, renamed, unhygienic in product(*needs, (False, True)):
        lines = [block.lines(before=before, renamed=renamed, unhygienic=unhygienic) for block in blocks]
        for above, inserted, below in _placed(text, offset, word, tactic, _together(tuple(dict.fromkeys(lines)))):
            yield above + inserted.replace("\n", newline) + below


def _together(blocks: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """One block that closes each of several goals by what closes it."""
    if len(blocks) == 1:
        return blocks[0]
    return (f"first {' '.join(f'| {_bracketed(tactics)}' for tactics in blocks)}",)


def _bracketed(tactics: Sequence[str]) -> str:
    return tactics[0] if len(tactics) == 1 else f"({_in_line(tactics)})"


def _in_line(tactics: Sequence[str]) -> str:
    """On one line; `set_option … in` holds for what follows it."""
    text = ""
    for tactic in tactics:
        text += ("" if not text else " " if text.endswith(" in") else "; ") + tactic
    return text


def _placed(text: str, offset: int, word: str, tactic: bool, tactics: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    """Text before, what is inserted, text after."""
    before, after = text[:offset], text[offset + len(word) :]
    head = before[before.rfind("\n") + 1 :]
    margin = len(head) - len(head.lstrip())
    alone = not head.strip() or head.strip() in ("·", ".")
    several = len(tactics) > 1 or "\n" in tactics[0]
    last_on_line = not after.split("\n", 1)[0].strip()
    if tactic and alone:
        yield before, _lines(tactics, len(head)).lstrip(), after
        return
    below = f"\n{_lines(tactics, margin + 2)}"
    opening = before.rstrip() if tactic else f"{before}by"
    if several and last_on_line:
        yield opening, below, after
    if not any("\n" in one for one in tactics):
        line = _in_line(tactics)
        for shown in ([] if several else [line]) + [f"({line})"]:
            yield before, shown if tactic else f"by {shown}", after
        if not tactic:
            yield before, f"(by {line})", after
    if several and not last_on_line:
        yield opening, below, after


def _lines(block: Sequence[str], indent: int) -> str:
    return "\n".join(" " * indent + tactic.replace("\n", "\n" + " " * indent) for tactic in block)
