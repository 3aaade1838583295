"""A whole file: its `sorry`s from the first to the last, each proof in its place before the next one is searched."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from lean_env.theorem import Theorem
from prover.sorries.holes import Hole, LeanFile
from prover.sorries.insertion import Block
from prover.sorries.posing import Above, Poser, Unposed

#: So many of the theorems above that are left to prove are assumed at once, the nearest ones.
_MAX_ASSUMED = 8
_UNKNOWN_PARTS = "its goal has unknown parts"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a search says of a theorem: tactics, or the reason why there are none. `reason` with tactics says whose word
    it is, where they are not certified."""

    tactics: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """What became of one `sorry`: the proof that now stands there, or the reason why it stays. `declared`: what it
    stands in. `assumed`: theorems of the file that the proof uses and that are themselves left."""

    line: int
    declared: str
    goal: str
    tactics: tuple[str, ...] = ()
    reason: str = ""
    assumed: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        """The reason without what is particular to this one."""
        return re.split(r": | \(", re.sub(r"`[^`]*`", "…", self.reason), maxsplit=1)[0]


#: Searches for a proof of a theorem that was stated.
Search = Callable[[Theorem], Answer]
#: Is told what is worked on, how many are done and of how many.
Report = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class _Assumed:
    """A theorem of the file that is left to prove: its full name, what it says, and what it is called in a proof."""

    name: str
    type: str

    @property
    def local(self) -> str:
        return self.name.rsplit(".", 1)[-1]

    @property
    def brought(self) -> str:
        return f"have {self.local} := @{self.name}"


@dataclass(frozen=True, slots=True)
class _Proofs:
    """A block for each goal of a hole, and whose word it is that they prove it."""

    blocks: tuple[Block, ...]
    reason: str = ""

    def mention(self, name: str) -> bool:
        word = re.compile(rf"(?<![\w'.]){re.escape(name)}(?![\w'])")
        return any(word.search(line) for block in self.blocks for line in block.tactics)


def fill(file: LeanFile, poser: Poser, search: Search, report: Report, assume: bool = False) -> tuple[str, list[Found]]:
    """The text with the proofs that `search` finds and Lean accepts where they stand, and what became of each `sorry`.

    A proof may use what stands above it and has a proof, one that was just found too. With `assume` also theorems that
    are left to prove."""
    holes = file.holes(lambda done, total: report("reading goals", done, total))
    filler = _Filler(file, poser, search, assume)
    for number, hole in enumerate(holes, 1):
        report(f"line {hole.line}", number, len(holes))
        filler.found.append(filler.tried(hole.moved(len(filler.text) - len(file.text))))
    if any(found.tactics for found in filler.found):
        filler.try_again()
    return filler.text, _discharged(filler.found)


class _Filler:
    def __init__(self, file: LeanFile, poser: Poser, search: Search, assume: bool) -> None:
        self._file, self._poser, self._search, self._assume = file, poser, search, assume
        self.text = file.text
        self.found: list[Found] = []
        self._types: dict[str, str] = {}

    def try_again(self) -> None:
        """Goals with unknown parts once more: what was filled in since may have found them."""
        left = [place for place, one in enumerate(self.found) if not one.tactics]
        if all(self.found[place].reason != _UNKNOWN_PARTS for place in left):
            return
        later = replace(self._file, text=self.text)
        holes = later.holes()
        if len(holes) == len(left):  # otherwise a proof brought the word in
            for place, hole in zip(left, holes, strict=True):
                if self.found[place].reason == _UNKNOWN_PARTS:
                    again = self.tried(hole.moved(len(self.text) - len(later.text)))
                    self.found[place] = replace(again, line=self.found[place].line)

    def tried(self, hole: Hole) -> Found:
        """`hole` as it lies in the text now."""
        left = Found(hole.line, hole.declared, hole.goal, reason=hole.reason)
        if hole.reason:
            return left
        above = self._file.above(self.text, hole)
        assumed: tuple[_Assumed, ...] = ()
        proofs = self._proofs(hole, above, assumed)
        if isinstance(proofs, str) and self._assume and (assumed := tuple(self._assumable(above))):
            with_them = self._proofs(hole, above, assumed)
            proofs = proofs if isinstance(with_them, str) else with_them
        if isinstance(proofs, str):
            return replace(left, reason=proofs)
        objection, used = self._put(hole, proofs, assumed)
        if objection:
            return replace(left, reason=f"its proof does not fit there: {objection}")
        tactics = tuple(line for block in proofs.blocks for line in block.tactics)
        return replace(left, tactics=tactics, reason=proofs.reason, assumed=used)

    def _proofs(self, hole: Hole, above: Above, assumed: Sequence[_Assumed]) -> _Proofs | str:
        """A proof of each goal of the hole, or why there is none."""
        blocks: list[Block] = []
        said = ""
        for goal in hole.goals:
            pose = self._poser.pose(above, hole.line, goal, [(one.local, one.type) for one in assumed])
            if isinstance(pose, Unposed):
                return pose.reason
            answer = self._search(pose.theorem)
            if not answer.tactics:
                return answer.reason
            block = Block(answer.tactics, pose.statement.renamed, pose.statement.before)
            blocks += [block] if block not in blocks else []
            said = said or answer.reason
        return _Proofs(tuple(blocks), said)

    def _assumable(self, above: Above) -> Iterator[_Assumed]:
        names = list(dict.fromkeys(above.unproved))[-_MAX_ASSUMED:]
        self._types |= self._file.types(self.text, [name for name in names if name not in self._types])
        locals_: set[str] = set()
        for name in names:
            if name in self._types and (one := _Assumed(name, self._types[name])).local not in locals_:
                locals_.add(one.local)
                yield one

    def _put(self, hole: Hole, proofs: _Proofs, assumed: Sequence[_Assumed]) -> tuple[str, tuple[str, ...]]:
        """Puts the proofs into the text. What Lean says against it, or '' and which assumptions they use."""
        named = [one for one in assumed if proofs.mention(one.local)]
        objection = ""
        for brought in dict.fromkeys(((), tuple(named), tuple(assumed))):
            new, said = self._file.filled(self.text, hole, _bringing(proofs.blocks, brought))
            objection = objection or said
            if not said:
                break
        else:
            return objection, ()
        used = list(dict.fromkeys((*named, *brought)))
        for one in brought:
            fewer = [other for other in brought if other is not one and other in used]
            shorter, said = self._file.filled(self.text, hole, _bringing(proofs.blocks, fewer))
            if not said and one not in named:
                new = shorter
                used.remove(one)
        self.text = new
        return "", tuple(one.name for one in used)


def _bringing(blocks: Sequence[Block], brought: Sequence[_Assumed]) -> list[Block]:
    return [replace(block, having=tuple(one.brought for one in brought)) for block in blocks]


def _discharged(found: Sequence[Found]) -> list[Found]:
    """What was assumed and has been proved meanwhile is not assumed."""
    left = {one.declared.partition(" ")[2].rsplit(".", 1)[-1] for one in found if not one.tactics}
    return [replace(one, assumed=tuple(n for n in one.assumed if n.rsplit(".", 1)[-1] in left)) for one in found]
