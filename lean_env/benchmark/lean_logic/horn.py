"""First-order problems by forward chaining: rules such as transitivity or composition, facts, and a fact to derive.

The goal is derived from the rules and facts in `depth` rounds and not in fewer. Each hypothesis is needed for it, but
for up to two distractors. A goal that is not derived is false in the structure of all derived facts, the least model of
the Horn clauses (van Emden and Kowalski 1976). That structure is the counterexample of a non-theorem.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from lean_env.benchmark.lean_logic.composition import Entailment, total
from lean_env.benchmark.lean_logic.formula import AND, EXISTS, IMP, TYPE, Node, for_all
from lean_env.benchmark.lean_logic.naming import named
from lean_env.benchmark.lean_logic.problem import Draft, Logic

_TYPES = {
    "α": TYPE,
    **dict.fromkeys(("R", "S", "T"), "α → α → Prop"),
    **dict.fromkeys(("P", "Q"), "α → Prop"),
    **dict.fromkeys(("a", "b", "c", "d", "e"), "α"),
}
_BINARY, _UNARY, _CONSTANTS = ("R", "S", "T"), ("P", "Q"), ("a", "b", "c", "d", "e")
#: Bodies and heads; capitals other than P and Q stand for relations that may be equal, P and Q for predicates.
_SCHEMAS = (
    ("Ryx", "Rxy"),
    ("Rxy Ryz", "Rxz"),
    ("Rxy Ryz", "Rxz"),
    ("Rxy Syz", "Txz"),
    ("Rxy Syz", "Txz"),
    ("Rxy Sxz", "Tyz"),
    ("Rxy", "Sxy"),
    ("Rxy", "Syx"),
    ("Px Rxy", "Py"),
    ("Rxy Py", "Px"),
    ("Px", "Qx"),
    ("Rxy", "Px"),
    ("Px Qy", "Rxy"),
    ("Rxy Py", "Sxy"),
    ("Px Rxy", "Qy"),
)
_MOST_ROUNDS = 8
_CONJUNCTIVE_SHARE = 0.25
_WALK_SHARE = 0.7
#: How much smaller than intended a theorem may be: sizes are meant to be spread evenly.
_SLACK = 6
#: Of goals that one rule derives at once, how many are kept; they would be most of all.
_SHALLOW_SHARE = 0.25
_EXISTS_SHARE = 0.12


class Atom(NamedTuple):
    """A relation with what it is applied to: constants, in rules also variables."""

    relation: str
    args: tuple[str, ...]

    def node(self) -> Node:
        return Node(self.relation, tuple(map(Node, self.args)))


class Rule(NamedTuple):
    """`body → head` for all x, y, z that occur; a fact is a rule without a body. `conjunctive`: its body is one ∧."""

    body: tuple[Atom, ...]
    head: Atom
    conjunctive: bool = False

    def node(self) -> Node:
        formula = self.head.node()
        bodies = [atom.node() for atom in self.body]
        if self.conjunctive and len(bodies) > 1:
            bodies = [Node(AND, (bodies[0], bodies[1]))]
        for body in reversed(bodies):
            formula = Node(IMP, (body, formula))
        variables = dict.fromkeys(arg for atom in self.body for arg in atom.args if arg in "xyz")
        return for_all([(variable, "α") for variable in variables], formula)


def chained(rules: Sequence[Rule], rounds: int = _MOST_ROUNDS) -> dict[Atom, int]:
    """Every fact that the rules derive, with the round in which it first is; given facts have round 0."""
    levels = {rule.head: 0 for rule in rules if not rule.body}
    for level in range(1, rounds + 1):
        known: dict[str, list[tuple[str, ...]]] = {}
        for relation, args in levels:
            known.setdefault(relation, []).append(args)
        new = {fact for rule in rules if rule.body for fact in _conclusions(rule, known)} - levels.keys()
        if not new:
            break
        levels.update((fact, level) for fact in sorted(new))
    return levels


def problems(rng: random.Random, sizes: tuple[int, int], theorems: bool) -> Iterator[Draft]:
    """Drafts without end, of sizes between both given; duplicates occur."""
    while True:
        target = rng.randint(*sizes)
        rules = _random_rules(rng, target)
        levels = chained(rules)
        deepest = max(levels.values())
        if deepest == 0:
            continue
        wanted = rng.randint((deepest + 1) // 2, deepest)
        goal = rng.choice([fact for fact, level in levels.items() if level == wanted])
        needed = _needed(rng, rules, goal)
        depth = chained(needed)[goal]
        if depth == 1 and rng.random() > _SHALLOW_SHARE:
            continue
        if theorems:
            hypotheses = _distracted(rng, rules, needed, goal, depth)
            made = _entailment(rng, hypotheses, goal)
            if max(sizes[0], target - _SLACK) <= total(made) <= sizes[1]:
                sequent, _ = named(rng, _TYPES, *made)
                yield Draft(sequent, Logic.INTUITIONISTIC, depth, effort=partial(_effort, needed, goal))
        else:
            dropped = rng.randrange(len(needed))
            hypotheses = _distracted(rng, rules, needed[:dropped] + needed[dropped + 1 :], goal, None)
            made = tuple(rule.node() for rule in hypotheses), goal.node()
            if not {arg for rule in hypotheses for arg in rule.head.args}.issuperset(goal.args):
                continue
            if sizes[0] <= total(made) <= sizes[1]:
                sequent, new_names = named(rng, _TYPES, *made)
                model = chained(hypotheses, 10 * _MOST_ROUNDS)
                yield Draft(sequent, None, max(model.values(), default=0), _model_text(model, new_names))


def _effort(rules: Sequence[Rule], goal: Atom) -> int:
    """Of a derivation with few steps: for each fact that it derives one step a premise of its rule, two more to put a
    conjunction together. Each counts twice, since rule and facts have to be chosen. The last step closes the goal."""
    derived: dict[Atom, dict[Atom, int]] = {rule.head: {} for rule in rules if not rule.body}
    while goal not in derived:
        known: dict[str, list[tuple[str, ...]]] = {}
        for relation, args in derived:
            known.setdefault(relation, []).append(args)
        new: dict[Atom, dict[Atom, int]] = {}
        for rule in rules:
            steps = len(rule.body) + 2 * (rule.conjunctive and len(rule.body) > 1)
            for binding in _bindings(rule, known) if rule.body else ():
                fact, *premises = (
                    Atom(relation, tuple(binding[variable] for variable in variables))
                    for relation, variables in (rule.head, *rule.body)
                )
                taken = {fact: steps}
                for premise in premises:
                    taken |= derived[premise]
                if fact not in derived and (fact not in new or sum(taken.values()) < sum(new[fact].values())):
                    new[fact] = taken
        if not new:
            raise ValueError("the goal is not derivable")
        derived |= new
    return 2 * sum(derived[goal].values()) + 1


def _conclusions(rule: Rule, known: Mapping[str, list[tuple[str, ...]]]) -> Iterator[Atom]:
    for binding in _bindings(rule, known):
        yield Atom(rule.head.relation, tuple(binding[variable] for variable in rule.head.args))


def _bindings(rule: Rule, known: Mapping[str, list[tuple[str, ...]]]) -> list[dict[str, str]]:
    """The values of the rule's variables for which its body is known."""
    bindings: list[dict[str, str]] = [{}]
    for relation, variables in rule.body:
        extended = []
        for binding in bindings:
            for args in known.get(relation, ()):
                new = dict(binding)
                if all(new.setdefault(variable, arg) == arg for variable, arg in zip(variables, args, strict=True)):
                    extended.append(new)
        bindings = extended
    return bindings


def _random_rules(rng: random.Random, target: int) -> list[Rule]:
    """Rules and facts, of which a derivation needs about the size."""
    binary = rng.sample(_BINARY, rng.randint(1, 3))
    rules: dict[Rule, None] = {}
    for _ in range(rng.randint(1, 1 + target // 6)):
        body, head = rng.choice(_SCHEMAS)
        relations = {name: rng.choice(binary) for name in _BINARY}
        relations |= dict(zip(_UNARY, rng.sample(_UNARY, 2), strict=True))
        atoms = [Atom(relations[word[0]], tuple(word[1:])) for word in (*body.split(), head)]
        if atoms[-1] not in atoms[:-1]:
            rules[Rule(tuple(atoms[:-1]), atoms[-1], rng.random() < _CONJUNCTIVE_SHARE)] = None
    constants = _CONSTANTS[: rng.randint(2, len(_CONSTANTS))]
    relations_used = sorted({atom.relation for rule in rules for atom in rule.body})
    last = rng.choice(constants)
    for _ in range(rng.randint(2, 8)):
        relation = rng.choice(relations_used or binary)
        # Facts go on from one another more often than not, so that chains arise.
        first = last if rng.random() < _WALK_SHARE else rng.choice(constants)
        last = rng.choice(constants)
        rules[Rule((), Atom(relation, (last,) if relation in _UNARY else (first, last)))] = None
    shuffled = list(rules)
    rng.shuffle(shuffled)
    return shuffled


def _needed(rng: random.Random, rules: list[Rule], goal: Atom) -> list[Rule]:
    """A subset that still derives the goal, and none of whose members can be left out."""
    needed = list(rules)
    for rule in rng.sample(rules, len(rules)):
        fewer = [other for other in needed if other != rule]
        if goal in chained(fewer):
            needed = fewer
    return needed


def _distracted(rng: random.Random, rules: list[Rule], kept: list[Rule], goal: Atom, depth: int | None) -> list[Rule]:
    """`kept` with up to two more of `rules`, so that the goal's depth stays what it is; None: not derivable."""
    hypotheses = list(kept)
    others = [rule for rule in rules if rule not in kept]
    for rule in rng.sample(others, min(len(others), rng.choice((0, 0, 1, 2)))):
        place = rng.randint(0, len(hypotheses))
        more = [*hypotheses[:place], rule, *hypotheses[place:]]
        if chained(more, 10 * _MOST_ROUNDS).get(goal) == depth:
            hypotheses = more
    return hypotheses


def _entailment(rng: random.Random, hypotheses: list[Rule], goal: Atom) -> Entailment:
    """The goal itself or that something stands in its relation."""
    conclusion = goal.node()
    if rng.random() < _EXISTS_SHARE and len(goal.args) == 2:
        conclusion = Node(EXISTS, (Atom(goal.relation, (goal.args[0], "x")).node(),), "x", "α")
        if any(not rule.body and rule.head.relation == goal.relation for rule in hypotheses):
            conclusion = goal.node()
    return tuple(rule.node() for rule in hypotheses), conclusion


def _model_text(model: Mapping[Atom, int], new_names: Mapping[str, str]) -> str:
    """Its elements are the constants themselves."""
    facts = sorted(f"{new_names[fact.relation]} {' '.join(new_names[arg] for arg in fact.args)}" for fact in model)
    return f"constants all different, true exactly: {', '.join(facts)}"
