"""What a proof of a proposition takes in elementary steps: a small prover that looks for a short one and counts.

The steps are those of the elementary repertoire: `intro`, `constructor`, `left`, `cases h`, `apply h`, `exact h x`,
`have := h ?_`, `by_cases`, proof by contradiction. Truth tables say which of them keep the sequent valid, so nothing is
tried that cannot end in a proof. Hypotheses that are not needed are dropped before a choice is made.

The count is an upper bound of what the shortest proof takes, and the same on every machine. Measured on 273 statements
of lean-logic: found proofs have about as many steps (median ratio 1.0). It tells what a trained model solves from what
it does not with an AUC of .84 to .93, where size has .74 to .85 (`propositional_effort`: up to .94).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lean_env.benchmark.lean_logic.formula import AND, FALSE, IFF, IMP, NOT, OR, TRUE, Node
from lean_env.benchmark.lean_logic.models import valuations

#: Sequents in which a second way is tried, too; after them the first way is taken without asking.
_LOOK_AHEAD = 150
_WAYS = 2

#: Numbers of the hypotheses, in order, and of the goal.
_Sequent = tuple[tuple[int, ...], int]


def propositional_effort(hypotheses: Sequence[Node], goal: Node) -> int:
    """The steps, and one more for each ↔: at equal steps models solve the fewer statements the more of them there are.
    Raises ValueError for a sequent that is not classically valid."""
    return propositional_steps(hypotheses, goal) + sum(_count(IFF, formula) for formula in (*hypotheses, goal))


def propositional_steps(hypotheses: Sequence[Node], goal: Node) -> int:
    """The steps of a proof. Raises ValueError for a sequent that is not classically valid."""
    prover = _Prover((*hypotheses, goal))
    gamma = tuple(dict.fromkeys(map(prover.intern, hypotheses)))
    if prover.refuted(gamma, prover.intern(goal)):
        raise ValueError("the sequent is not valid")
    return prover.steps(gamma, prover.intern(goal))


def _count(head: str, formula: Node) -> int:
    return (formula.head == head) + sum(_count(head, part) for part in formula.args)


class _Prover:
    """Formulas are numbers: comparing nodes would take most of the time."""

    def __init__(self, formulas: Sequence[Node]) -> None:
        self._models = valuations(sorted({name for formula in formulas for name in formula.names}))
        self._numbers: dict[Node, int] = {}
        self._made: dict[tuple[str, int, int], int] = {}
        #: By number: the head, the numbers of the arguments (-1: none), the rows of the truth table where it is true,
        #: the size.
        self._parts: list[tuple[str, int, int]] = []
        self._truth: list[int] = []
        self._size: list[int] = []
        self._false = self.intern(Node(FALSE))
        self._known: dict[tuple[frozenset[int], int], int] = {}
        self._asked = 0

    def intern(self, node: Node) -> int:
        """The formula's number."""
        number = self._numbers.get(node)
        if number is None:
            left, right = (*map(self.intern, node.args), -1, -1)[:2]
            number = self._numbers[node] = self._make(node.head, left, right, self._models.truth(node))
        return number

    def refuted(self, gamma: Sequence[int], goal: int) -> bool:
        """Whether the hypotheses do not entail the goal."""
        return bool(self._together(gamma) & ~self._truth[goal])

    def steps(self, gamma: tuple[int, ...], goal: int) -> int:
        """Of a valid sequent."""
        key = (frozenset(gamma), goal)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._steps(gamma, goal)
        return known

    def _steps(self, gamma: tuple[int, ...], goal: int) -> int:
        head, left, right = self._parts[goal]
        if head == TRUE or goal in gamma or self._false in gamma:
            return 1
        for one in gamma:
            connective, premise, conclusion = self._parts[one]
            reached = conclusion if connective == IMP else self._false
            if connective in (IMP, NOT) and reached == goal and premise in gamma:
                return 1
        gamma = self._needed(gamma, goal)
        if head == IMP:
            return 1 + self.steps(_with(gamma, left), right)
        if head == NOT:
            return 1 + self.steps(_with(gamma, left), self._false)
        for place, one in enumerate(gamma):
            new = self._simpler(one, gamma)
            if new is not None:
                return 1 + self.steps(_with((*gamma[:place], *gamma[place + 1 :]), *new), goal)
        if head in (AND, IFF):
            return 1 + sum(self.steps(gamma, part) for part in self._sides(goal))
        if goal != self._false and not self._together(gamma):
            return 1 + self.steps(gamma, self._false)
        self._asked += 1
        ways = sorted(self._ways(gamma, goal), key=lambda way: way[0])
        most = _WAYS if self._asked <= _LOOK_AHEAD else 1
        return min(1 + extra + sum(self.steps(*rest) for rest in left) for _, extra, left in ways[:most])

    def _ways(self, gamma: tuple[int, ...], goal: int) -> Iterator[tuple[int, int, list[_Sequent]]]:
        """Steps that keep the sequent valid: rank, further steps that go with it, and the sequents that are left."""
        head, left, right = self._parts[goal]
        if head == OR:
            direct = [side for side in (left, right) if not self.refuted(gamma, side)]
            yield from ((1, 0, [(gamma, side)]) for side in direct)
            if not direct:
                # by_cases on the left side; where it holds, `left` and `exact`; where not, `right`.
                yield 6, 3, [(_with(gamma, self._not(left)), right)]
        for place, (one, others) in enumerate(zip(gamma, self._without_each(gamma), strict=True)):
            head, left, right = self._parts[one]
            if left < 0:
                continue
            rest = (*gamma[:place], *gamma[place + 1 :])
            if head == OR:
                yield 4, 0, [(_with(rest, side), goal) for side in (left, right)]
            elif head == IFF:
                for asked, given in ((left, right), (right, left)):
                    if given == goal and not others & ~self._truth[asked]:
                        yield 0, 0, [(rest, asked)]
                yield 3, 0, [(_with(rest, *self._sides(one)), goal)]
            elif head == NOT and goal == self._false and self._size[left]:
                yield 2, 0, [(rest, left)]
            elif head == IMP and not others & ~self._truth[left]:
                if right == goal:
                    yield 0, 0, [(rest, left)]
                else:
                    yield 2 if self._size[left] < 2 else 5, 0, [(rest, left), (_with(rest, right), goal)]
        if goal != self._false:
            yield 7, 0, [(_with(gamma, self._not(goal)), self._false)]

    def _simpler(self, one: int, gamma: Sequence[int]) -> tuple[int, ...] | None:
        """What one step makes of a hypothesis without a choice and without a second goal; None if there is none."""
        head, left, right = self._parts[one]
        if head == AND:
            return left, right
        if head == TRUE:
            return ()
        if head in (IMP, IFF) and left in gamma:
            return (right,)
        if head == IFF and right in gamma:
            return (left,)
        return (self._false,) if head == NOT and left in gamma else None

    def _needed(self, gamma: tuple[int, ...], goal: int) -> tuple[int, ...]:
        """Hypotheses that still entail the goal, none of which can be left out; large ones go first."""
        order = sorted(gamma, key=lambda formula: -self._size[formula])
        kept, dropped, against = self._models.all, set(), ~self._truth[goal]
        for one, later in zip(order, self._behind_each(order), strict=True):
            if kept & later & against:
                kept &= self._truth[one]
            else:
                dropped.add(one)
        return tuple([one for one in gamma if one not in dropped]) if dropped else gamma

    def _without_each(self, gamma: Sequence[int]) -> Iterator[int]:
        """For each of them, what the others say together."""
        before = self._models.all
        for one, later in zip(gamma, self._behind_each(gamma), strict=True):
            yield before & later
            before &= self._truth[one]

    def _behind_each(self, gamma: Sequence[int]) -> list[int]:
        """For each of them, what those behind it say together."""
        masks = [self._models.all]
        for one in reversed(gamma):
            masks.append(masks[-1] & self._truth[one])
        return masks[-2::-1]

    def _together(self, gamma: Sequence[int]) -> int:
        mask = self._models.all
        for one in gamma:
            mask &= self._truth[one]
        return mask

    def _sides(self, one: int) -> tuple[int, int]:
        """Of a conjunction or an equivalence."""
        head, left, right = self._parts[one]
        if head == AND:
            return left, right
        truth = ~(self._truth[left] ^ self._truth[right])
        forward, backward = truth | ~self._truth[left], truth | ~self._truth[right]
        every = self._models.all
        return self._make(IMP, left, right, forward & every), self._make(IMP, right, left, backward & every)

    def _not(self, one: int) -> int:
        return self._make(NOT, one, -1, self._models.all & ~self._truth[one])

    def _make(self, head: str, left: int, right: int, truth: int) -> int:
        """The number of a formula; an atom's head is its name."""
        key = (head, left, right)
        number = self._made.get(key)
        if number is None:
            number = self._made[key] = len(self._parts)
            self._parts.append(key)
            self._truth.append(truth)
            self._size.append((left >= 0) + sum(self._size[part] for part in (left, right) if part >= 0))
        return number


def _with(gamma: tuple[int, ...], *more: int) -> tuple[int, ...]:
    return tuple(dict.fromkeys((*gamma, *more)))
