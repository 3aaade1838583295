"""Intuitionistic provability by the contraction-free sequent calculus G4ip (Dyckhoff 1992, figure 1).

For propositions it decides: every rule makes the sequent smaller. For quantifiers the usual rules are added; those for
(∀x A) → B and (∃x A) → B are Dyckhoff and Negri's (2000). There the search is cut off, so only a yes means something.
Types may be empty, as Lean's are: a quantifier is instantiated by constants and eigenvariables only.
"""

from __future__ import annotations

from collections.abc import Sequence

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
#: Rules above each other; Python's stack holds three times as many, wherever the caller is.
_MOST_DEPTH = 100

#: The terms of a branch, each with its type.
Terms = tuple[tuple[str, str], ...]
#: Which universal formulas were instantiated by which terms.
Used = frozenset[tuple[int, str]]


class _OutOfBudget(Exception):
    pass


def provable(hypotheses: Sequence[Node], goal: Node, constants: Terms = (), budget: int = 4_000) -> bool | None:
    """Whether the sequent has an intuitionistic proof; None when `budget` sequents did not tell, or the depth allowed.

    `constants` are the terms there are, each with its type. False is only said of propositions.
    """
    search = _Search(budget)
    gamma = frozenset(map(search.intern, hypotheses))
    try:
        found = search.prove(gamma, search.intern(goal), constants, frozenset())
    except _OutOfBudget:
        return None
    return found or (None if search.quantified else False)


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
        self._known: dict[tuple[frozenset[int], int, Terms, Used], bool] = {}

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

    def prove(self, gamma: frozenset[int], goal: int, terms: Terms, used: Used) -> bool:
        """Whether the rules prove `gamma ⊢ goal`. Raises _OutOfBudget."""
        key = (gamma, goal, terms, used)
        known = self._known.get(key)
        if known is None:
            self.budget -= 1
            self._depth += 1
            if self.budget < 0 or self._depth > _MOST_DEPTH:
                raise _OutOfBudget
            known = self._known[key] = self._prove(gamma, goal, terms, used)
            self._depth -= 1
        return known

    def _prove(self, gamma: frozenset[int], goal: int, terms: Terms, used: Used) -> bool:
        if goal in gamma:
            return True
        # Invertible rules first: those with one premise, then those with two.
        disjunction = -1
        for formula in gamma:
            head, left, right = self._parts[formula]
            if head == FALSE:
                return True
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
                return len(more) <= _MOST_TERMS and self.prove((gamma - {formula}) | {instance}, goal, more, used)
            elif head == ALL:
                new = {(formula, term) for term in self._terms_for(formula, terms)} - used
                if new:
                    # Sorted: the order numbers the instances, and numbers order the sets that the budget is spent on.
                    instances = {self._instance(formula, term) for _, term in sorted(new)}
                    return self.prove(gamma | instances, goal, terms, used | new)
            if simpler is not None:
                return self.prove((gamma - {formula}) | simpler, goal, terms, used)
        head, left, right = self._parts[goal]
        if head == TRUE:
            return True
        if head == IMP:
            return self.prove(gamma | {left}, right, terms, used)
        if head == ALL:
            more = self._with_fresh(terms, goal)
            return len(more) <= _MOST_TERMS and self.prove(gamma, self._instance(goal, more[-1][0]), more, used)
        if head == AND:
            return self.prove(gamma, left, terms, used) and self.prove(gamma, right, terms, used)
        if disjunction >= 0:
            rest = gamma - {disjunction}
            return all(self.prove(rest | {case}, goal, terms, used) for case in self._parts[disjunction][1:])
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

    def _choose(self, gamma: frozenset[int], goal: int, terms: Terms, used: Used) -> bool:
        """The rules after which there may be no way back."""
        head, left, right = self._parts[goal]
        if head == OR and (self.prove(gamma, left, terms, used) or self.prove(gamma, right, terms, used)):
            return True
        if head == EXISTS and any(
            self.prove(gamma, self._instance(goal, term), terms, used) for term in self._terms_for(goal, terms)
        ):
            return True
        for formula in sorted(gamma):
            head, premise, conclusion = self._parts[formula]
            if head != IMP:
                continue
            head, one, other = self._parts[premise]
            rest = gamma - {formula}
            if head == IMP:
                nested = (rest | {self._make(IMP, other, conclusion), one}, other)
            elif head == ALL and premise != goal:
                nested = (gamma, premise)
            else:
                continue
            if self.prove(*nested, terms, used) and self.prove(rest | {conclusion}, goal, terms, used):
                return True
        return False

    def _instance(self, quantified: int, term: str) -> int:
        node = self._nodes[quantified]
        return self.intern(substitute(node.args[0], {node.bound: Node(term)}))

    def _terms_for(self, quantified: int, terms: Terms) -> list[str]:
        wanted = self._nodes[quantified].type
        return [term for term, type_ in terms if type_ == wanted]

    def _with_fresh(self, terms: Terms, quantified: int) -> Terms:
        return (*terms, (f"#{len(terms)}", self._nodes[quantified].type))
