"""Laws that follow from two others by one transitivity: where a side of one fits a place in a side of the other.

    overlaps(h, h)          # of h : ∀ x y z, op x y = op (op x z) y

Completion calls them critical pairs (Knuth and Bendix 1970, "Simple word problems in universal algebras", section 5);
here neither law is ordered, so both are read in both directions. Terms are unified, nothing is searched.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

from prover.actions.trees import Known, Tree, applied, matched, names_in, put, size_of, subterms, written

#: What a new law's variables are called.
VARIABLES = ("x", "y", "z", "w", "u", "v")
#: Leaves on both sides together of a law that is offered: those of the benchmark have at most six, and instances grow.
MOST_LEAVES = 10


@dataclass(frozen=True, slots=True)
class Overlap:
    """A law that is not among the hypotheses yet, with its proof: a term over the variables that it binds."""

    law: Known
    proof: str

    @property
    def equation(self) -> str:
        """`op x y = op y x`."""
        return f"{written(self.law.left)} = {written(self.law.right)}"

    def tactic(self, name: str) -> str:
        """`have h1 : ∀ x y : G, ... := fun x y => ...`."""
        bound = " ".join(self.law.bound)
        if not bound:
            return f"have {name} : {self.equation} := {self.proof}"
        return f"have {name} : ∀ {bound} : G, {self.equation} := fun {bound} => {self.proof}"

    @property
    def order(self) -> tuple[int, int, str]:
        """Small laws first, of these the ones with more variables: they say more."""
        return size_of(self.law.left) + size_of(self.law.right), -len(self.law.bound), self.equation


def following(laws: tuple[Known, ...], most: int) -> tuple[Overlap, ...]:
    """The smallest laws that follow from two of these and are no instance of one of them."""
    found: dict[tuple[Tree, Tree], Overlap] = {}
    for one in laws:
        for other in laws:
            for made in overlaps(one, other):
                found.setdefault((made.law.left, made.law.right), made)
    kept = (
        one for one in sorted(found.values(), key=lambda one: one.order) if not any(_says(law, one.law) for law in laws)
    )
    return tuple(islice(kept, most))


def _says(law: Known, other: Known) -> bool:
    """Whether the other is an instance of the law, in either direction."""
    return any(
        matched((law.left, law.right), sides, law.bound) is not None
        for sides in ((other.left, other.right), (other.right, other.left))
    )


@lru_cache(maxsize=20_000)
def overlaps(one: Known, other: Known) -> tuple[Overlap, ...]:
    """What follows when a side of `one` is found in a side of `other`."""
    found: dict[tuple[Tree, Tree], Overlap] = {}
    for backward in (False, True):
        old, new = (_apart(side, one, "1") for side in one.side(backward))
        if _is_variable(old):
            continue
        for reverse in (False, True):
            whole, rest = (_apart(side, other, "2") for side in other.side(reverse))
            for path, place in _places(whole):
                values = _unified(old, place)
                if values is None:
                    continue
                made = _law(_resolved(rest, values), _resolved(put(whole, path, new), values))
                if made is None or (made[0].left, made[0].right) in found:
                    continue
                law, names, swapped = made
                proof = _proof(one, other, backward, reverse, whole, path, values, names, swapped)
                found[law.left, law.right] = Overlap(law, proof)
    return tuple(found.values())


def _law(left: Tree, right: Tree) -> tuple[Known, dict[str, str], bool] | None:
    """The law with its variables renamed, how they are, and whether its sides are exchanged. None for what says
    nothing, is too large or has too many variables."""
    if left == right or size_of(left) + size_of(right) > MOST_LEAVES:
        return None
    forms = []
    for swapped, (first, second) in enumerate(((left, right), (right, left))):
        names = _renaming((first, second))
        if names is None:
            return None
        forms.append((size_of(first), written(_named((first, second), names)), swapped, names))
    _, _, swapped, names = min(forms, key=lambda form: form[:3])
    first, second = (right, left) if swapped else (left, right)
    law = Known("", tuple(names.values()), _named(first, names), _named(second, names))
    return law, names, bool(swapped)


def _renaming(term: Tree) -> dict[str, str] | None:
    leaves = [leaf for leaf in subterms(term) if isinstance(leaf, str)]
    free = [name for name in VARIABLES if name not in leaves]
    marked = dict.fromkeys(leaf for leaf in leaves if _is_variable(leaf))
    return dict(zip(marked, free, strict=False)) if len(marked) <= len(free) else None


def _proof(
    one: Known,
    other: Known,
    backward: bool,
    reverse: bool,
    whole: Tree,
    path: tuple[int, ...],
    values: Mapping[str, Tree],
    names: Mapping[str, str],
    swapped: bool,
) -> str:
    """rest = whole by `other`, whole = whole with the place replaced by `one`; the other way round if swapped."""
    filler = next(iter(names.values()), None) or next(
        leaf for leaf in (*_leaves(one), *_leaves(other)) if not _is_variable(leaf)
    )

    def instance(law: Known, mark: str) -> str:
        return applied(law, {name: _filled(_resolved(name + mark + "?", values), names, filler) for name in law.bound})

    outer, inner = instance(other, "2"), instance(one, "1")
    # `outer` says whole = rest, or rest = whole if reverse; `inner` says old = new, or new = old if backward.
    if path:
        hole = next(name for name in ("q", "q1", "q2", "q3") if name not in _leaves(other))
        context = _filled(_resolved(put(whole, path, hole), values), names, filler)
        inner = f"congrArg (fun {hole} => {written(context)}) ({inner})"
    first = f"({outer})" if reverse else f"({outer}).symm"
    second = f"({inner}).symm" if backward else f"({inner})"
    if not swapped:
        return f"{first}.trans {second}"
    first = f"({outer}).symm" if reverse else f"({outer})"
    second = f"({inner})" if backward else f"({inner}).symm"
    return f"{second}.trans {first}"


# --- terms with variables, which are marked by `?` at their end -------------------------------------------------------


def _is_variable(term: Tree) -> bool:
    return isinstance(term, str) and term.endswith("?")


def _apart(term: Tree, law: Known, mark: str) -> Tree:
    """With the variables of the law marked, so that those of two laws differ."""
    if isinstance(term, str):
        return f"{term}{mark}?" if term in law.bound else term
    return _apart(term[0], law, mark), _apart(term[1], law, mark)


def _places(term: Tree, path: tuple[int, ...] = ()) -> Iterator[tuple[tuple[int, ...], Tree]]:
    """Every place that is no variable."""
    if not isinstance(term, str):
        yield path, term
        yield from _places(term[0], (*path, 0))
        yield from _places(term[1], (*path, 1))


def _unified(one: Tree, other: Tree) -> dict[str, Tree] | None:
    """Robinson's unification, with its check that no variable is put inside itself."""
    values: dict[str, Tree] = {}
    waiting = [(one, other)]
    while waiting:
        left, right = (_walked(term, values) for term in waiting.pop())
        if left == right:
            continue
        if _is_variable(right):
            left, right = right, left
        if _is_variable(left):
            assert isinstance(left, str)
            if left in names_in(_resolved(right, values)):
                return None
            values[left] = right
        elif isinstance(left, str) or isinstance(right, str):
            return None
        else:
            waiting += zip(left, right, strict=True)
    return values


def _walked(term: Tree, values: Mapping[str, Tree]) -> Tree:
    while isinstance(term, str) and term in values:
        term = values[term]
    return term


def _resolved(term: Tree, values: Mapping[str, Tree]) -> Tree:
    term = _walked(term, values)
    return term if isinstance(term, str) else (_resolved(term[0], values), _resolved(term[1], values))


def _named(term: Tree, names: Mapping[str, str]) -> Tree:
    return names.get(term, term) if isinstance(term, str) else (_named(term[0], names), _named(term[1], names))


def _filled(term: Tree, names: Mapping[str, str], filler: str) -> Tree:
    """Renamed; what the law does not speak of may be anything."""
    if isinstance(term, str):
        return names.get(term, filler) if _is_variable(term) else term
    return _filled(term[0], names, filler), _filled(term[1], names, filler)


def _leaves(law: Known) -> set[str]:
    return names_in(law.left) | names_in(law.right)
