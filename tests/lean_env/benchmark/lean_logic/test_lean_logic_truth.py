"""Ground truth of lean-logic against independent evaluation: of the printed text, and in random structures."""

from __future__ import annotations

import itertools
import random
import re
from collections.abc import Callable, Iterator, Mapping

import pytest

from lean_env.benchmark.lean_logic import (
    Family,
    Logic,
    LogicConfig,
    Problem,
    horn,
    lifting,
    load_lean_logic,
    quantified,
    rewriting,
)
from lean_env.benchmark.lean_logic.formula import Node, Sequent
from lean_env.benchmark.lean_logic.intuitionistic import provable
from lean_env.benchmark.lean_logic.problem import Draft

# --- Propositions: the printed text, read by a parser of its own, in all valuations.

_TOKEN = re.compile(r"[∧∨→¬↔()]|\w+")
_LEVELS = ("↔", "→", "∨", "∧")


class Reader:
    """Recursive descent over Lean's text of a proposition, to a function of a valuation."""

    def __init__(self, text: str) -> None:
        self.tokens = _TOKEN.findall(text)
        self.at = 0

    def read(self, level: int = 0) -> Callable[[Mapping[str, bool]], bool]:
        if level == len(_LEVELS):
            return self.unary()
        left = self.read(level + 1)
        operator = _LEVELS[level]
        if self.at == len(self.tokens) or self.tokens[self.at] != operator:
            return left
        self.at += 1
        # All but ↔ nest to the right; ↔ does not nest without brackets.
        right = self.read(level + (operator == "↔"))
        return {
            "∧": lambda v: left(v) and right(v),
            "∨": lambda v: left(v) or right(v),
            "→": lambda v: not left(v) or right(v),
            "↔": lambda v: left(v) == right(v),
        }[operator]

    def unary(self) -> Callable[[Mapping[str, bool]], bool]:
        token = self.tokens[self.at]
        self.at += 1
        if token == "¬":
            inner = self.unary()
            return lambda v: not inner(v)
        if token == "(":
            inner = self.read()
            assert self.tokens[self.at] == ")"
            self.at += 1
            return inner
        return lambda v: {"True": True, "False": False, **v}[token]


def read_statement(statement: str) -> tuple[list[str], list[Callable], Callable]:
    atoms, rest = re.fullmatch(r"\(([a-z ]+) : Prop\) ?(.*)", statement).groups()
    hypotheses = []
    while rest.startswith("(h"):
        depths = itertools.accumulate((character == "(") - (character == ")") for character in rest)
        end = next(place for place, depth in enumerate(depths) if depth == 0)
        hypotheses.append(Reader(rest[1:end].partition(" : ")[2]).read())
        rest = rest[end + 2 :]
    assert rest.startswith(": ")
    return atoms.split(), hypotheses, Reader(rest[2:]).read()


@pytest.fixture(scope="module")
def propositional() -> tuple[Problem, ...]:
    config = LogicConfig(families={Family.PROPOSITIONAL: 1}, train=500, held_out=50, beyond=50, non_theorems=200)
    return load_lean_logic(config).problems


def test_truth_tables_agree_with_the_text(propositional: tuple[Problem, ...]) -> None:
    for problem in propositional:
        atoms, hypotheses, goal = read_statement(problem.statement)
        valuations = [
            dict(zip(atoms, values, strict=True)) for values in itertools.product((False, True), repeat=len(atoms))
        ]
        models = [v for v in valuations if all(hypothesis(v) for hypothesis in hypotheses)]
        assert all(goal(v) for v in models) == problem.theorem, problem
        if not problem.theorem:
            chosen = dict(pair.split(" := ") for pair in problem.counterexample.split(", "))
            v = {atom: value == "True" for atom, value in chosen.items()}
            assert v in models
            assert not goal(v)
            continue
        for dropped in range(len(hypotheses)):
            kept = hypotheses[:dropped] + hypotheses[dropped + 1 :]
            assert not all(goal(v) for v in valuations if all(h(v) for h in kept)), f"h{dropped + 1}: {problem}"


def test_hypotheses_rarely_contradict_each_other(propositional: tuple[Problem, ...]) -> None:
    theorems = [problem for problem in propositional if problem.theorem]
    assert sum(problem.statement.endswith(": False") for problem in theorems) < 0.1 * len(theorems)


# --- The intuitionistic prover on what is known of it.

p, q, r, s = map(Node, "pqrs")


def neg(a: Node) -> Node:
    return Node("¬", (a,))


def imp(a: Node, b: Node) -> Node:
    return Node("→", (a, b))


def con(a: Node, b: Node) -> Node:
    return Node("∧", (a, b))


def dis(a: Node, b: Node) -> Node:
    return Node("∨", (a, b))


def iff(a: Node, b: Node) -> Node:
    return Node("↔", (a, b))


PEIRCE = imp(imp(imp(p, q), p), p)
MIDDLE = dis(p, neg(p))
INTUITIONISTIC = [
    imp(p, neg(neg(p))),
    imp(neg(neg(neg(p))), neg(p)),
    neg(neg(MIDDLE)),
    neg(neg(PEIRCE)),
    imp(imp(p, q), imp(neg(q), neg(p))),
    imp(dis(neg(p), neg(q)), neg(con(p, q))),
    iff(neg(dis(p, q)), con(neg(p), neg(q))),
    imp(dis(neg(p), q), imp(p, q)),
    iff(imp(dis(p, q), r), con(imp(p, r), imp(q, r))),
    iff(imp(con(p, q), r), imp(p, imp(q, r))),
    imp(neg(neg(imp(p, q))), imp(neg(neg(p)), neg(neg(q)))),
    imp(neg(neg(con(p, q))), con(neg(neg(p)), neg(neg(q)))),
    imp(MIDDLE, imp(neg(neg(p)), p)),
    imp(con(p, dis(q, r)), dis(con(p, q), con(p, r))),
    imp(imp(MIDDLE, q), neg(neg(q))),
    imp(imp(imp(imp(imp(p, q), p), p), q), q),
    neg(neg(imp(neg(con(p, q)), dis(neg(p), neg(q))))),
    neg(iff(p, neg(p))),
    imp(con(dis(p, q), neg(p)), q),
]
CLASSICAL = [
    MIDDLE,
    PEIRCE,
    imp(neg(neg(p)), p),
    dis(imp(p, q), imp(q, p)),
    imp(neg(con(p, q)), dis(neg(p), neg(q))),
    imp(imp(p, q), dis(neg(p), q)),
    imp(imp(neg(p), neg(q)), imp(q, p)),
    imp(imp(neg(p), q), dis(p, q)),
    dis(neg(p), neg(neg(p))),
    imp(neg(imp(p, q)), con(p, neg(q))),
    imp(imp(p, dis(q, r)), dis(imp(p, q), imp(p, r))),
    imp(imp(neg(p), dis(q, r)), dis(imp(neg(p), q), imp(neg(p), r))),
    imp(imp(imp(neg(neg(p)), p), dis(p, neg(p))), dis(neg(p), neg(neg(p)))),
    dis(p, imp(p, q)),
    imp(imp(p, q), imp(imp(neg(p), q), q)),
    imp(iff(iff(p, q), r), iff(p, iff(q, r))),
    imp(imp(imp(p, q), r), dis(p, r)),
    imp(neg(neg(dis(p, q))), dis(neg(neg(p)), neg(neg(q)))),
]


@pytest.mark.parametrize("formula", INTUITIONISTIC, ids=repr)
def test_intuitionistic_theorems(formula: Node) -> None:
    assert provable([], formula) is True
    assert provable([neg(formula)], Node("False")) is True


@pytest.mark.parametrize("formula", CLASSICAL, ids=repr)
def test_classical_theorems_have_no_intuitionistic_proof(formula: Node) -> None:
    assert provable([], formula) is False
    # Glivenko 1929: the double negation has one.
    assert provable([], neg(neg(formula))) is True


def test_a_budget_that_is_too_small_says_nothing() -> None:
    assert provable([], PEIRCE, budget=2) is None


def every(body: Node, name: str = "x") -> Node:
    return Node("∀", (body,), name, "α")


def some(body: Node, name: str = "x") -> Node:
    return Node("∃", (body,), name, "α")


def P(x: str) -> Node:
    return Node("P", (Node(x),))


def R(x: str, y: str) -> Node:
    return Node("R", (Node(x), Node(y)))


def test_quantifiers_are_proved_but_never_refuted() -> None:
    assert provable([some(every(R("x", "y"), "y"))], every(some(R("x", "y")), "y")) is True
    assert provable([neg(some(P("x")))], every(neg(P("x")))) is True
    assert provable([every(P("x"))], some(P("x")), (("a", "α"),)) is True
    assert provable([imp(some(P("x")), q)], every(imp(P("x"), q))) is True
    # A type may be empty.
    assert provable([every(P("x"))], some(P("x"))) is None
    assert provable([neg(every(P("x")))], some(neg(P("x")))) is None
    # Double negation shift (Kuroda).
    assert provable([every(neg(neg(P("x"))))], neg(neg(every(P("x"))))) is None
    assert provable([every(some(R("x", "y"), "y"))], some(every(R("x", "y")), "y")) is None


# --- First-order statements in structures: an evaluator of its own.


class Structure:
    """Domains by type; relations as sets of tuples, functions as dicts, constants as elements."""

    def __init__(self, domains: Mapping[str, list[int]], meaning: Mapping[str, object]) -> None:
        self.domains = domains
        self.meaning = meaning

    def value(self, term: Node, values: Mapping[str, int]) -> int:
        if not term.args:
            return values[term.head] if term.head in values else self.meaning[term.head]
        return self.meaning[term.head][tuple(self.value(argument, values) for argument in term.args)]

    def holds(self, formula: Node, values: Mapping[str, int]) -> bool:
        head, args = formula.head, formula.args
        if head in "∀∃":
            quantifier = all if head == "∀" else any
            elements = self.domains[formula.type]
            return quantifier(self.holds(args[0], {**values, formula.bound: e}) for e in elements)
        if head == "=":
            return self.value(args[0], values) == self.value(args[1], values)
        if head == "¬":
            return not self.holds(args[0], values)
        if head in "∧∨→↔":
            left, right = (self.holds(argument, values) for argument in args)
            return {"∧": left and right, "∨": left or right, "→": not left or right, "↔": left == right}[head]
        if head in ("True", "False"):
            return head == "True"
        return tuple(self.value(argument, values) for argument in args) in self.meaning[head]

    def refutes(self, sequent: Sequent) -> bool:
        return all(self.holds(h, {}) for _, h in sequent.hypotheses) and not self.holds(sequent.goal, {})


def random_structure(rng: random.Random, sequent: Sequent) -> Structure:
    types = dict(sequent.symbols)
    domains = {}
    for name, type_ in types.items():
        if type_ == "Type":
            needed = any(of.split(" → ")[-1] == name and "Prop" not in of for of in types.values())
            domains[name] = list(range(rng.randint(1 if needed else 0, 3)))
    meaning: dict[str, object] = {}
    density = rng.choice((0.2, 0.5, 0.8, 1.0))
    for name, type_ in types.items():
        *arguments, result = type_.split(" → ")
        if type_ == "Type":
            continue
        tuples = list(itertools.product(*(domains[a] for a in arguments)))
        if result == "Prop":
            meaning[name] = {t for t in tuples if rng.random() < density}
        elif arguments:
            meaning[name] = {t: rng.choice(domains[result]) for t in tuples}
        else:
            meaning[name] = rng.choice(domains[result])
    return Structure(domains, meaning)


def read_structure(sequent: Sequent, text: str) -> Structure:
    """`α := {0, 1}, P := {0}, R := {(0, 1)}, a := 1, p := True`, or the facts that are all those true of constants."""
    types = dict(sequent.symbols)
    if text.startswith("constants"):
        sort = next(name for name, type_ in types.items() if type_ == "Type")
        constants = {name: place for place, name in enumerate(n for n, type_ in types.items() if type_ == sort)}
        meaning: dict[str, object] = {name: set() for name, type_ in types.items() if type_.endswith("Prop")}
        for fact in filter(None, text.partition("exactly: ")[2].split(", ")):
            relation, *args = fact.split()
            meaning[relation].add(tuple(constants[arg] for arg in args))
        return Structure({sort: list(constants.values())}, meaning | constants)
    domains, meaning = {}, {}
    for name, value in re.findall(r"(\w+) := (\{.*?\}|\w+)(?:, |$)", text):
        content = eval(value.replace("{}", "set()"))
        if types[name] == "Type":
            domains[name] = sorted(content)
        elif types[name] == "Prop":
            meaning[name] = {()} if content else set()
        else:
            meaning[name] = {e if isinstance(e, tuple) else (e,) for e in content} if value[0] == "{" else content
    return Structure(domains, meaning)


Generate = Callable[[random.Random, tuple[int, int]], Iterator[Draft]]
THEOREMS: dict[str, Generate] = {
    "monadic": lambda rng, sizes: quantified.monadic_problems(rng, sizes, True),
    "relational": lambda rng, sizes: quantified.relational_problems(rng, sizes, True),
    "lifted": lifting.problems,
    "chains": lambda rng, sizes: horn.problems(rng, sizes, True),
    "rewriting": rewriting.problems,
}
NON_THEOREMS: dict[str, Generate] = {
    "monadic": lambda rng, sizes: quantified.monadic_problems(rng, sizes, False),
    "relational": lambda rng, sizes: quantified.relational_problems(rng, sizes, False),
    "chains": lambda rng, sizes: horn.problems(rng, sizes, False),
}


@pytest.mark.parametrize("kind", THEOREMS)
def test_no_structure_refutes_a_first_order_theorem(kind: str) -> None:
    rng = random.Random(kind)
    for sizes in ((4, 20), (21, 36)):
        for draft in itertools.islice(THEOREMS[kind](random.Random(3), sizes), 60):
            assert draft.logic is not None
            for _ in range(60):
                structure = random_structure(rng, draft.sequent)
                assert not structure.refutes(draft.sequent), (draft.sequent.text(), structure.__dict__)


@pytest.mark.parametrize("kind", NON_THEOREMS)
def test_the_counterexample_refutes_a_first_order_non_theorem(kind: str) -> None:
    for draft in itertools.islice(NON_THEOREMS[kind](random.Random(3), (4, 20)), 120):
        assert draft.logic is None
        structure = read_structure(draft.sequent, draft.counterexample)
        assert structure.refutes(draft.sequent), (draft.sequent.text(), draft.counterexample)


def test_lifted_theorems_hold_where_one_of_two_types_is_empty() -> None:
    rng = random.Random(6)
    emptied = 0
    for draft in itertools.islice(lifting.problems(random.Random(11), (4, 30)), 500):
        for _ in range(20):
            structure = random_structure(rng, draft.sequent)
            emptied += not all(structure.domains.values())
            assert not structure.refutes(draft.sequent), (draft.sequent.text(), structure.__dict__)
    assert emptied > 1000


def test_classical_monadic_theorems_are_not_proved_by_the_calculus() -> None:
    drafts = itertools.islice(quantified.monadic_problems(random.Random(5), (4, 20), True), 150)
    classical = [draft for draft in drafts if draft.logic is Logic.CLASSICAL]
    assert classical
    for draft in classical:
        types = dict(draft.sequent.symbols)
        constants = tuple((name, type_) for name, type_ in types.items() if types.get(type_) == "Type")
        assert provable([h for _, h in draft.sequent.hypotheses], draft.sequent.goal, constants) is not True


def test_chains_have_the_stated_depth() -> None:
    for draft in itertools.islice(horn.problems(random.Random(1), (4, 20), True), 80):
        assert draft.depth >= 1
    rules = [
        horn.Rule((), horn.Atom("R", ("a", "b"))),
        horn.Rule((), horn.Atom("R", ("b", "c"))),
        horn.Rule((), horn.Atom("R", ("c", "d"))),
        horn.Rule((horn.Atom("R", ("x", "y")), horn.Atom("R", ("y", "z"))), horn.Atom("R", ("x", "z"))),
    ]
    levels = horn.chained(rules)
    assert levels[horn.Atom("R", ("a", "b"))] == 0
    assert levels[horn.Atom("R", ("a", "c"))] == 1
    assert levels[horn.Atom("R", ("a", "d"))] == 2
    assert len(levels) == 6
