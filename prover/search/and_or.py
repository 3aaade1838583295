"""AND/OR search: each goal of a state is searched for itself; a tactic works when all goals that it leaves are proved.

    result = AndOr(exploration=0.0).prove(session, root, theorem, policy, Budget(64), seed=1)

One step of the search goes down from the theorem to a problem (and_or_descent.py) and runs its next tactic. f is
best-first search's: the cost -log p of a branch, divided by its length to the power alpha. A move has the f of its
hardest part, a problem that of its best move (HyperTree Proof Search, Lample et al. 2022, arXiv:2205.11491, section 3,
and AlphaProof, Hubert et al. 2025, which back a learned value up in this way; this needs none). So with c = 0 it is
best-first search whose cost is that of a branch: goals that were closed elsewhere, or that wait, do not count.
`widening` bounds how many moves a problem has at a time (progressive widening, as in AlphaProof).

A goal is searched in the live state that it came up in, rotated to the front where it has to be. A goal that is known
from elsewhere, up to names and order of hypotheses, is not searched again: its proof is run there once more, under
the names there, and only if Lean takes it does it count.

Like best_first.py it depends on theorem, seed, policy and budget alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from lean_env.session.leandojo import DojoCrashError, TacticState
from lean_env.session.outcomes import Outcome, ProofSession, StepResult
from lean_env.theorem import Theorem
from prover.goal import goal_texts
from prover.policy import Policy, Proposal
from prover.search.and_or_descent import Descent
from prover.search.and_or_nodes import Move, Part, Place, Problem, Proof, Status, independent
from prover.search.and_or_replay import Ran, replay
from prover.search.budget import Budget, Ended, Spending, never
from prover.search.closed import closed_goals
from prover.search.contract import INTROS, SearchResult
from prover.search.equivalence import goal_keys, has_metavariables, weaker
from prover.search.graph import ProofStep, Pruned, SearchGraph
from prover.search.invertible import invertible
from prover.search.options import SearchOptions
from prover.search.proposals import Kept
from prover.search.running import Running


@dataclass(frozen=True, slots=True)
class AndOr(SearchOptions):
    """The search with its settings; those that best-first search has mean the same."""

    #: c of PUCT: how much a move that was seldom visited is preferred for its probability.
    exploration: float = 0.0
    #: A problem visited N times has at most `widening` N^0.6 moves that may still work, one at least; 0: any number.
    widening: float = 0.0
    #: So many descents are made before their tactics run; the policy is asked about what they end at in one call.
    leaves: int = 1

    @property
    def settings(self) -> dict[str, Any]:
        """Its name and its fields."""
        return {"search": "and-or", **self.in_use()}

    def prove(
        self,
        session: ProofSession,
        root: TacticState,
        theorem: Theorem,
        policy: Policy,
        budget: Budget,
        *,
        seed: int = 0,
        stopped: Callable[[], bool] = never,
    ) -> SearchResult:
        """See `Search.prove`. Turning a state to another goal is free, like `intros`; running a known proof elsewhere
        is not."""
        running = Running(session, theorem, policy, self, seed, Spending(budget, stopped))
        search = _Search(running, root, self)
        try:
            ended = search.run()
            session.drop(search.live)
        except DojoCrashError:
            ended = Ended.CRASHED
        if ended is not Ended.PROVED or search.top.proof is None:
            return replace(running.result(ended, None), closed=closed_goals(search.problems.values()))
        script = list(search.top.proof.script())
        steps = [one.step for one in script]
        solved = [one.order for one in script]
        if search.introduced is not None:
            steps, solved = [ProofStep(INTROS.tactic, INTROS.template), *steps], [search.introduced, *solved]
        return running.result(ended, tuple(steps), tuple(solved))


@dataclass(slots=True)
class _Search:
    running: Running
    root: TacticState
    config: AndOr
    #: By key.
    problems: dict[Any, Problem] = field(default_factory=dict)
    top: Problem = field(init=False)
    #: The step of the free `intros`, if that changed anything.
    introduced: int | None = None
    live: list[TacticState] = field(default_factory=list)

    @property
    def graph(self) -> SearchGraph:
        return self.running.graph

    def run(self) -> Ended:
        """The loop: go down to problems, run the next tactic of each, tell those above."""
        self.top = self.start()
        descent = Descent(self.config.exploration, self.config.widening, self.config.leaves)
        while self.top.status is Status.OPEN:
            if limit := self.running.spending.limit():
                return limit
            ways = descent.ways(self.top)
            self.ask([way.end for way in ways if way.end.untried is None])
            for way in ways:
                if any(one.status is not Status.OPEN for one in way.problems):
                    continue
                if limit := self.running.spending.limit():
                    return limit
                if way.end.next is not None:
                    self.try_next(way.end, way.end.next)
                self.settle(way.end)
        return Ended.PROVED if self.top.status is Status.PROVED else Ended.EXHAUSTED

    def start(self) -> Problem:
        """The problem to solve: the theorem after a free `intros`, where that succeeds and changes something."""
        root = self.known_state(self.root, None)
        after = self.running.run(self.root, INTROS.tactic)
        if not isinstance(after.result, TacticState):
            self.graph.add_step(root.number, INTROS, after, str(after.outcome))
        elif goal_keys(after.result.pp) == goal_keys(root.text):
            self.live.append(after.result)
            self.graph.add_step(root.number, INTROS, after, root.number, Pruned.NO_PROGRESS)
        else:
            opened = self.known_state(after.result, root.number)
            self.introduced = self.graph.add_step(root.number, INTROS, after, opened.number)
            return self.problem(opened, 0.0, 0, None)
        return self.problem(root, 0.0, 0, None)

    # --- one tactic -------------------------------------------------------------------------------------------------

    def ask(self, problems: list[Problem]) -> None:
        """Has the policy say what to try on problems that it was not asked about."""
        answers = self.running.propose([problem.text for problem in problems])
        for problem, kept in zip(problems, answers, strict=True):
            problem.untried = iter(kept)
            problem.h = self.running.rest(problem.text)
            self.take_next(problem)

    def take_next(self, problem: Problem) -> None:
        assert problem.untried is not None
        problem.next = next(problem.untried, None)
        if problem.next is not None:
            cost = problem.g - problem.next.perturbed + problem.h
            problem.next_f = cost / (problem.L + 1) ** self.config.alpha

    def try_next(self, problem: Problem, kept: Kept) -> None:
        """Runs the problem's next proposal and adds the move that it makes, if it makes one."""
        self.take_next(problem)
        place = self.focus(problem.place)
        if place is None:
            problem.untried, problem.next = iter(()), None
            return
        problem.place = place
        step = self.running.run(place.state, kept.a.tactic)
        self.running.spending.charge(step.heartbeats)
        goals: tuple[str, ...] = ()
        if isinstance(step.result, TacticState):
            self.live.append(step.result)
            goals = tuple(goal_texts(step.result.pp))
        elif step.outcome is not Outcome.PROVED:
            self.graph.add_step(place.number, kept.a, step, str(step.outcome))
            return
        own = goals[: max(0, len(goals) - len(place.others))]
        if pruned := self.refused(problem, own, goals[len(own) :]):
            self.graph.add_step(place.number, kept.a, step, str(pruned), pruned)
        elif own:
            self.open(problem, kept, step, goals, len(own))
        else:
            closed = Pruned.CLOSED if place.others else None
            order = self.graph.add_step(place.number, kept.a, step, str(closed or step.outcome), closed)
            self.prove(Move(problem, kept, order))

    def refused(self, problem: Problem, own: tuple[str, ...], others: tuple[str, ...]) -> Pruned | None:
        """Why a state with these goals is not searched from: what the tactic did, their size, what stands above."""
        config, text = self.config, "\n\n".join(own)
        if others != problem.place.others:
            return Pruned.OTHER_GOALS
        if own and config.max_depth < problem.L + 1:
            return Pruned.TOO_DEEP
        if len(text) > config.max_state_chars:
            return Pruned.TOO_LARGE
        if len(own) > config.max_goals:
            return Pruned.TOO_MANY_GOALS
        keys = goal_keys(text)
        if keys == problem.key:
            return Pruned.NO_PROGRESS
        above = [one.key[0] for one in problem.branch() if len(one.key) == 1]
        return Pruned.CIRCULAR if any(weaker(key, one) for key in keys for one in above) else None

    def open(self, problem: Problem, kept: Kept, step: StepResult, goals: tuple[str, ...], own: int) -> None:
        """Adds a move with the parts that it leaves: new problems, or such as are known from elsewhere."""
        assert isinstance(step.result, TacticState)
        parts = independent(goals[:own])
        keys = [goal_keys("\n\n".join(goals[offset : offset + size])) for offset, size in parts]
        known = [self.problems[key] for key in keys if key in self.problems]
        source = problem.place.number
        if not problem.above().isdisjoint(known):
            self.graph.add_step(source, kept.a, step, str(Pruned.CIRCULAR), Pruned.CIRCULAR)
            return
        if any(one.status is Status.DEAD for one in known) or any(
            {part.problem for part in other.parts} <= set(known) for other in problem.moves
        ):
            self.graph.add_step(source, kept.a, step, known[0].place.number, Pruned.MERGED)
            return
        if len(parts) == len(known) == 1:
            number = known[0].place.number
            order = self.graph.add_step(source, kept.a, step, number, Pruned.MERGED)
        else:
            number = self.add_state(step.result, goals, source)
            order = self.graph.add_step(source, kept.a, step, number)
        move = Move(problem, kept, order)
        for (offset, size), key in zip(parts, keys, strict=True):
            place = Place(step.result, number, goals, offset, size)
            part = self.problems.get(key) or self.problem(place, problem.g - kept.charged, problem.L + 1, move)
            part.parents.append(move)
            move.parts.append(Part(part, place))
        if self.loses_nothing(problem, kept):
            problem.moves.clear()
            problem.untried, problem.next = iter(()), None
        problem.moves.append(move)
        if not move.open:
            self.complete(move)

    def loses_nothing(self, problem: Problem, kept: Kept) -> bool:
        """Whether the move closes its alternatives. Of goals that share metavariables another order may be the one that
        works."""
        if not self.config.invertible or problem.place.size > 1 or has_metavariables(problem.text):
            return False
        return invertible(problem.text, kept.a.tactic)

    # --- telling those above ----------------------------------------------------------------------------------------

    def settle(self, problem: Problem) -> None:
        """Works out what a problem's f and status are now, and those of all above that it changes."""
        pending = [problem]
        while pending:
            now = pending.pop()
            before = now.f
            if now.status is Status.OPEN:
                values = [move.f for move in now.moves]
                if now.next is not None:
                    values.append(now.next_f)
                if values:
                    now.f = min(values)
                elif now.untried is not None:
                    now.status = Status.DEAD
            if now.status is Status.OPEN and now.f == before:
                continue
            for move in now.parents:
                source = move.source
                if source.status is Status.OPEN and move in source.moves:
                    if now.status is Status.DEAD:
                        source.moves.remove(move)
                    elif not move.open:
                        self.complete(move)
                    pending.append(source)

    def complete(self, move: Move) -> None:
        """All parts of a move are proved. What was proved elsewhere has to be proved here as well; where that fails, it
        is searched for here."""
        proofs: list[Proof] = []
        literal: set[Problem] = set()
        for part in move.parts:
            proof = part.problem.proof
            if part.problem.made_by is not move or part.problem in literal:
                place = self.focus(part.place)
                proof = replay(proof, place, self.replay_step) if proof is not None and place is not None else None
            literal.add(part.problem)
            if proof is None:
                part.problem = self.unshared(part, move)
                return
            proofs.append(proof)
        self.prove(move, tuple(proofs))

    def unshared(self, part: Part, move: Move) -> Problem:
        """The problem of a part once more, known to its move alone."""
        known, source = part.problem, move.source
        L = source.L + 1
        g = source.g - move.kept.charged
        return Problem(part.place, known.key, g, L, g / L**self.config.alpha, move, [move])

    def prove(self, move: Move, parts: tuple[Proof, ...] = ()) -> None:
        problem, a = move.source, move.kept.a
        step = ProofStep(a.tactic, a.template, a.log_prob)
        problem.proof = Proof(problem.text, problem.place.size, step, move.order, parts)
        problem.status = Status.PROVED

    # --- places -----------------------------------------------------------------------------------------------------

    def problem(self, place: Place, g: float, L: int, made_by: Move | None) -> Problem:
        """A new problem, known from now on by its key."""
        key = goal_keys(place.text)
        self.problems[key] = Problem(place, key, g, L, g / max(1, L) ** self.config.alpha, made_by)
        return self.problems[key]

    def known_state(self, state: TacticState, above: int | None) -> Place:
        """All goals of a state, which is new to the search graph."""
        goals = tuple(goal_texts(state.pp))
        if state is not self.root:
            self.live.append(state)
        return Place(state, self.add_state(state, goals, above), goals, 0, len(goals))

    def add_state(self, state: TacticState, goals: tuple[str, ...], above: int | None) -> int:
        depth = 0 if above is None else self.graph.depth(above) + 1
        return self.graph.add_state(("state", self.graph.states), state.pp, len(goals), depth)

    def focus(self, place: Place) -> Place | None:
        """The same goals at the front of a live state, None where Lean does not do that."""
        if place.offset == 0:
            return place
        turn = Proposal(f"rotate_left {place.offset}", 0.0, "rotate_left")
        step = self.running.run(place.state, turn.tactic)
        turned = place.goals[place.offset :] + place.goals[: place.offset]
        if not isinstance(step.result, TacticState) or tuple(goal_texts(step.result.pp)) != turned:
            self.graph.add_step(place.number, turn, step, str(step.outcome))
            return None
        moved = self.known_state(step.result, place.number)
        self.graph.add_step(place.number, turn, step, moved.number)
        return Place(moved.state, moved.number, turned, 0, place.size)

    def replay_step(self, place: Place, a: ProofStep) -> Ran | None:
        """One step of a known proof at another place; None where it fails or the budget is spent."""
        if self.running.spending.limit() is not None:
            return None
        proposal = Proposal(a.tactic, a.log_prob, a.template)
        step = self.running.run(place.state, a.tactic)
        self.running.spending.charge(step.heartbeats)
        if isinstance(step.result, TacticState):
            moved = self.known_state(step.result, place.number)
            return Ran(moved, self.graph.add_step(place.number, proposal, step, moved.number))
        order = self.graph.add_step(place.number, proposal, step, str(step.outcome))
        return Ran(None, order) if step.outcome is Outcome.PROVED else None
