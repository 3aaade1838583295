"""A small prover for equations between functions: rewriting, and induction on a variable.

It proves far less than the established inductive provers. What it proves is true, by steps that Lean has as tactics:
`induction`, `rw` with a defining equation, an induction hypothesis or a lemma, `rfl`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from lean_env.benchmark.lean_logic.formula import Node, substitute, text
from lean_env.benchmark.lean_logic.functions import CATALOGUE, CONSTRUCTORS
from lean_env.benchmark.lean_logic.terms import MARK, Equation, directions, matches

_DEFINITIONS = {name: function.equations for name, function in CATALOGUE.items()}
#: Rewrites after which a side is given up; proofs of this benchmark's sizes need fewer than thirty.
_MOST_REWRITES = 60
#: Inductions inside each other where there are no lemmas; with them one has to do.
_NESTED = 2
#: Variables that are tried in one place.
_VARIABLES_TRIED = 3


@dataclass
class Proof:
    """What a proof took. Steps of all cases count."""

    rewrites: int = 0
    inductions: int = 0
    #: The outermost induction's hypothesis is about all values of the other variables.
    generalised: bool = False
    #: The variable of the outermost induction.
    variable: str = ""
    #: The places of the lemmas used.
    lemmas: set[int] = field(default_factory=set)


@dataclass(frozen=True)
class _Rules:
    """Equations to rewrite with besides the definitions: hypotheses and lemmas (with the lemma's place, or -1), in
    whichever direction makes the term smaller."""

    equations: tuple[tuple[Equation, int], ...] = ()

    def with_hypotheses(self, hypotheses: Sequence[Equation]) -> _Rules:
        return _Rules((*self.equations, *((hypothesis, -1) for hypothesis in hypotheses)))


class _Stuck(Exception):
    """Rewriting did not end in time."""


def prove(goal: Equation, variables: Mapping[str, str], lemmas: Sequence[Equation] = ()) -> Proof | None:
    """A proof of the equation for all values of its `variables` (with their types), or None when none was found.

    Tries rewriting alone, then induction, then induction with a general hypothesis. The goal's variables are plain
    names, those of the lemmas are pattern variables.
    """
    rules = _Rules(tuple((lemma, place) for place, lemma in enumerate(lemmas)))
    for generalise in (False, True) if len(variables) > 1 else (False,):
        proof = Proof(generalised=generalise)
        if _prove(goal, dict(variables), rules, 1 if lemmas else _NESTED, generalise, proof):
            proof.generalised &= proof.inductions > 0
            return proof
    return None


def unfolded(goal: Equation) -> int | None:
    """How many rewrites with definitions make both sides equal; None if they do not."""
    proof = Proof()
    normal = _normal(goal, _Rules(), proof)
    return proof.rewrites if normal is not None and normal.left == normal.right else None


def _prove(
    goal: Equation, variables: dict[str, str], rules: _Rules, nested: int, generalise: bool, proof: Proof
) -> bool:
    """Adds its steps to `proof` when it succeeds; when it fails, `proof` is for the caller to set back."""
    outermost = proof.inductions == 0
    left_over = _normal(goal, rules, proof)
    if left_over is None:
        return False
    if left_over.left == left_over.right:
        return True
    if nested == 0:
        return False
    saved = (proof.rewrites, proof.inductions, set(proof.lemmas))
    for variable in _candidates(left_over, variables)[:_VARIABLES_TRIED]:
        if outermost:
            proof.variable = variable
        proof.rewrites, proof.inductions, proof.lemmas = saved[0], saved[1] + 1, set(saved[2])
        cases = _cases(left_over, variable, variables, generalise)
        if all(
            _prove(case, new_variables, rules.with_hypotheses(hypotheses), nested - 1, False, proof)
            for case, new_variables, hypotheses in cases
        ):
            return True
    return False


def _cases(
    goal: Equation, variable: str, variables: Mapping[str, str], generalise: bool
) -> Iterator[tuple[Equation, dict[str, str], list[Equation]]]:
    """By constructor: the goal, its variables, the induction hypotheses."""
    type_ = variables[variable]
    others = {name: of for name, of in variables.items() if name != variable}
    general = {name: Node(f"{MARK}{name}") for name in others} if generalise else {}
    for constructor, arguments in CONSTRUCTORS[type_].items():
        new = {f"{variable}{place}": of for place, of in enumerate(arguments)}
        value = Node(constructor, tuple(map(Node, new)))
        hypotheses = [_instance(goal, {**general, variable: Node(name)}) for name, of in new.items() if of == type_]
        yield _instance(goal, {variable: value}), {**others, **new}, hypotheses


def _instance(goal: Equation, values: Mapping[str, Node]) -> Equation:
    return Equation(substitute(goal.left, values), substitute(goal.right, values))


def _candidates(goal: Equation, variables: Mapping[str, str]) -> list[str]:
    """Variables by how often a function takes them apart."""
    counts = dict.fromkeys(variables, 0)

    def visit(node: Node) -> None:
        places = CATALOGUE[node.head].recurses_on if node.head in CATALOGUE else frozenset()
        for place, argument in enumerate(node.args):
            if argument.head in counts and place in places:
                counts[argument.head] += 1
            visit(argument)

    visit(goal.left)
    visit(goal.right)
    return [name for name in sorted(counts, key=lambda name: -counts[name]) if counts[name]]


def _normal(goal: Equation, rules: _Rules, proof: Proof) -> Equation | None:
    """What rewriting makes of both sides; None when it did not end."""
    normal = _Normaliser(rules, proof)
    try:
        return Equation(normal.of(goal.left), normal.of(goal.right))
    except _Stuck:
        return None


class _Normaliser:
    def __init__(self, rules: _Rules, proof: Proof) -> None:
        self._proof = proof
        self._left = _MOST_REWRITES
        self._known: dict[Node, Node] = {}
        # Hypotheses and lemmas in both directions, by the head of what they replace.
        self._others: dict[str, list[tuple[Equation, int]]] = {}
        for one, place in rules.equations:
            for direction in directions(one):
                self._others.setdefault(direction.left.head, []).append((direction, place))

    def of(self, term: Node) -> Node:
        """The normal form. Raises _Stuck."""
        known = self._known.get(term)
        if known is None:
            known = self._known[term] = self._rewritten_fully(term)
        return known

    def _rewritten_fully(self, term: Node) -> Node:
        if term.args:
            term = Node(term.head, tuple(map(self.of, term.args)))
        new = self._rewritten(term)
        if new is None:
            return term
        self._left -= 1
        self._proof.rewrites += 1
        if self._left < 0 or new.size > 40:
            raise _Stuck
        return self.of(new)

    def _rewritten(self, term: Node) -> Node | None:
        for one in _DEFINITIONS.get(term.head, ()):
            values: dict[str, Node] = {}
            if matches(one.left, term, values):
                return substitute(one.right, values)
        for one, place in self._others.get(term.head, ()):
            values = {}
            if matches(one.left, term, values):
                new = substitute(one.right, values)
                if _order(new) < _order(term):
                    if place >= 0:
                        self._proof.lemmas.add(place)
                    return new
        return None


@lru_cache(maxsize=1 << 15)
def _order(term: Node) -> tuple[int, str]:
    """A total order of terms in which rewriting goes down."""
    return term.size, text(term)
