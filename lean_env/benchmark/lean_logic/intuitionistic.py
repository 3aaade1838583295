"""Intuitionistic provability by the contraction-free sequent calculus G4ip (Dyckhoff 1992, figure 1).

For propositions it decides: every rule makes the sequent smaller. For quantifiers the usual rules are added; those for
(∀x A) → B and (∃x A) → B are Dyckhoff and Negri's (2000). There the search is cut off, so only a yes means something.
Types may be empty, as Lean's are: a quantifier is instantiated by constants and eigenvariables only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence, Set
from typing import Any

from lean_env.benchmark.lean_logic.formula import (
    ALL,
    AND,
    EXISTS,
    FALSE,
    IFF,
    IMP,
    NOT,
    OR,
    QUANTIFIERS,
    TRUE,
    Node,
    substitute,
)

#: Constants and eigenvariables in one branch; statements of this benchmark nest few quantifiers.
_MOST_TERMS = 6
#: Rules above each other; Python's stack holds twice as many, wherever the caller is.
_MOST_DEPTH = 100

#: The terms of a branch, each with its type.
Terms = tuple[tuple[str, str], ...]
#: Which universal formulas were instantiated by which terms.
Used = frozenset[tuple[int, str]]


#: A derivation: the weight of its steps, and the hypotheses that it uses.
Found = tuple[int, frozenset[int]]
#: Weights of steps: an instance, or a witness, has to be chosen among the terms.
_STEP, _CHOICE = 1, 2
_NONE: frozenset[int] = frozenset()


class _OutOfBudget(Exception):
    pass


def provable(hypotheses: Sequence[Node], goal: Node, constants: Terms = (), budget: int = 4_000) -> bool | None:
    """Whether the sequent has an intuitionistic proof; None when `budget` sequents did not tell, or the depth allowed.

    `constants` are the terms there are, each with its type. False is only said of propositions.
    """
    search = _Search(budget)
    try:
        found = search.derive(hypotheses, goal, constants)
    except _OutOfBudget:
        return None
    return found is not None or (None if search.quantified else False)


def derivation_steps(hypotheses: Sequence[Node], goal: Node, constants: Terms = (), budget: int = 4_000) -> int | None:
    """The steps of the derivation that `provable` finds, without those whose results it does not use; None if it finds
    none. Choosing an instance or a witness counts twice."""
    try:
        found = _Search(budget).derive(hypotheses, goal, constants)
    except _OutOfBudget:
        return None
    return None if found is None else found[0]


class _Search:
    """Formulas are numbers; ¬ and ↔ are written out."""

    def __init__(self, budget: int) -> None:
        self.budget = budget
        self.quantified = False
        self._depth = 0
        self._numbers: dict[Node, int] = {}
        #: By number: the head, the numbers of both arguments (-1: none), the formula.
        self._parts: list[tuple[str, int, int]] = []
        self._nodes: list[Node] = []
        self._known: dict[tuple[frozenset[int], int, Terms, Used], Found | None] = {}

    def derive(self, hypotheses: Sequence[Node], goal: Node, constants: Terms) -> Found | None:
        """A derivation of the sequent. Raises _OutOfBudget."""
        gamma = frozenset(map(self.intern, hypotheses))
        return self.prove(gamma, self.intern(goal), constants, frozenset())

    def intern(self, node: Node) -> int:
        """The formula's number."""
        number = self._numbers.get(node)
        if number is None:
            number = self._numbers[node] = self._intern(node)
        return number

    def _intern(self, node: Node) -> int:
        head, args = node.head, node.args
        if head == NOT:
            return self.intern(Node(IMP, (args[0], Node(FALSE))))
        if head == IFF:
            return self.intern(Node(AND, (Node(IMP, args), Node(IMP, (args[1], args[0])))))
        left = right = -1
        if head in (AND, OR, IMP):
            left, right = map(self.intern, args)
        self.quantified |= head in QUANTIFIERS
        self._parts.append((head, left, right))
        self._nodes.append(node)
        return len(self._parts) - 1

    def _make(self, head: str, *args: int) -> int:
        return self.intern(Node(head, tuple(self._nodes[number] for number in args)))

    def prove(self, gamma: frozenset[int], goal: int, terms: Terms, used: Used) -> Found | None:
        """How the rules prove `gamma ⊢ goal`, None if they do not. Raises _OutOfBudget."""
        key = (gamma, goal, terms, used)
        known = self._known.get(key)
        if known is None and key not in self._known:
            self.budget -= 1
            self._depth += 1
            if self.budget < 0 or self._depth > _MOST_DEPTH:
                raise _OutOfBudget
            known = self._known[key] = self._prove(gamma, goal, terms, used)
            self._depth -= 1
        return known

    def _prove(self, gamma: frozenset[int], goal: int, terms: Terms, used: Used) -> Found | None:
        if goal in gamma:
            return _STEP, frozenset((goal,))
        # Invertible rules first: those with one premise, then those with two.
        disjunction = -1
        for formula in gamma:
            head, left, right = self._parts[formula]
            if head == FALSE:
                return _STEP, frozenset((formula,))
            if head == OR:
                disjunction = formula
                continue
            simpler: set[int] | None = None
            if head == TRUE:
                simpler = set()
            elif head == AND:
                simpler = {left, right}
            elif head == IMP:
                simpler = self._simpler(gamma, left, right)
            elif head == EXISTS:
                more = self._with_fresh(terms, formula)
                instance = self._instance(formula, more[-1][0])
                if len(more) > _MOST_TERMS:
                    return None
                return _below(self.prove((gamma - {formula}) | {instance}, goal, more, used), formula, {instance})
            elif head == ALL:
                new = {(formula, term) for term in self._terms_for(formula, terms)} - used
                if new:
                    # Sorted: the order numbers the instances, and numbers order the sets that the budget is spent on.
                    instances = {self._instance(formula, term) for _, term in sorted(new)}
                    return _below(self.prove(gamma | instances, goal, terms, used | new), formula, instances, _CHOICE)
            if simpler is not None:
                found = _below(self.prove((gamma - {formula}) | simpler, goal, terms, used), formula, simpler)
                applied = head == IMP and left in gamma and found is not None and formula in found[1]
                return (found[0], found[1] | {left}) if applied and found is not None else found
        head, left, right = self._parts[goal]
        if head == TRUE:
            return _STEP, _NONE
        if head == IMP:
            return _more(self.prove(gamma | {left}, right, terms, used), {left})
        if head == ALL:
            more = self._with_fresh(terms, goal)
            if len(more) > _MOST_TERMS:
                return None
            return _more(self.prove(gamma, self._instance(goal, more[-1][0]), more, used))
        if head == AND:
            return _both(self.prove, (gamma, left, terms, used), (gamma, right, terms, used))
        if disjunction >= 0:
            rest = gamma - {disjunction}
            _, one, other = self._parts[disjunction]
            cases = ((rest | {one}, goal, terms, used), (rest | {other}, goal, terms, used))
            return _below(_both(self.prove, *cases), disjunction, {one, other})
        return self._choose(gamma, goal, terms, used)

    def _simpler(self, gamma: frozenset[int], premise: int, conclusion: int) -> set[int] | None:
        """What `premise → conclusion` becomes by an invertible rule of one premise; None if there is none."""
        if premise in gamma:
            return {conclusion}
        head, left, right = self._parts[premise]
        if head == TRUE:
            return {conclusion}
        if head == FALSE:
            return set()
        if head == AND:
            return {self._make(IMP, left, self._make(IMP, right, conclusion))}
        if head == OR:
            return {self._make(IMP, left, conclusion), self._make(IMP, right, conclusion)}
        if head == EXISTS:
            node = self._nodes[premise]
            body = Node(IMP, (node.args[0], self._nodes[conclusion]))
            return {self.intern(Node(ALL, (body,), node.bound, node.type))}
        return None

    def _choose(self, gamma: frozenset[int], goal: int, terms: Terms, used: Used) -> Found | None:
        """The rules after which there may be no way back."""
        head, left, right = self._parts[goal]
        sides: Iterable[int] = (left, right) if head == OR else ()
        if head == EXISTS:
            # One after the other: an instance gets its number when it is made.
            sides = (self._instance(goal, term) for term in self._terms_for(goal, terms))
        for side in sides:
            if found := self.prove(gamma, side, terms, used):
                return _more(found, weight=_CHOICE if head == EXISTS else _STEP)
        for formula in sorted(gamma):
            head, premise, conclusion = self._parts[formula]
            if head != IMP:
                continue
            head, one, other = self._parts[premise]
            rest = gamma - {formula}
            if head == IMP:
                made = self._make(IMP, other, conclusion)
                nested, products = (rest | {made, one}, other), {made, one}
            elif head == ALL and premise != goal:
                nested, products = (gamma, premise), set[int]()
            else:
                continue
            found = _both(self.prove, (*nested, terms, used), (rest | {conclusion}, goal, terms, used))
            if found is not None:
                return found[0], found[1] - products - {conclusion} | {formula}
        return None

    def _instance(self, quantified: int, term: str) -> int:
        node = self._nodes[quantified]
        return self.intern(substitute(node.args[0], {node.bound: Node(term)}))

    def _terms_for(self, quantified: int, terms: Terms) -> list[str]:
        wanted = self._nodes[quantified].type
        return [term for term, type_ in terms if type_ == wanted]

    def _with_fresh(self, terms: Terms, quantified: int) -> Terms:
        return (*terms, (f"#{len(terms)}", self._nodes[quantified].type))


def _below(found: Found | None, source: int, products: Set[int], weight: int = _STEP) -> Found | None:
    """With the step that makes `products` of the hypothesis `source` put before it, unless it uses none of them. Each
    one used is chosen when the weight is that of a choice."""
    if found is None:
        return None
    steps, used = found
    taken = used & products
    if not taken:
        return found
    return steps + (weight if weight == _STEP else weight * len(taken)), used - products | {source}


def _more(found: Found | None, known: Set[int] = _NONE, weight: int = _STEP) -> Found | None:
    """With a step at the goal put before it, after which `known` is a hypothesis."""
    return None if found is None else (found[0] + weight, found[1] - known)


def _both(prove: Callable[..., Found | None], one: tuple[Any, ...], other: tuple[Any, ...]) -> Found | None:
    """Both sequents, and the step that leaves them; the second one is not looked at when the first has no proof."""
    first = prove(*one)
    second = None if first is None else prove(*other)
    return None if first is None or second is None else (first[0] + second[0] + _STEP, first[1] | second[1])
