"""The action space: every template with everything that a state offers for its slots, as text and back.

    space = ActionSpace(retriever)
    situation = space.look(theorem.environment, state)
    situation.text(0), situation.find("cases xs <;> simp_all")

An action is a template and at most two *pointers* (a local, a definition, a premise). The enumeration is a pure
function of the environment and the printed state: an action index means the same in search, training and tests.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from string import Formatter

import numpy as np
import numpy.typing as npt

from lean_env.library.index import INIT
from lean_env.theorem import Environment
from prover.actions import lent, own
from prover.actions.enumeration import FEW, MANY, rows
from prover.actions.equational import Equational
from prover.actions.forms import Template
from prover.actions.lazy import lazy
from prover.actions.matching import usage
from prover.actions.premise_scorer import PremiseScorer
from prover.actions.premises import RetrievedPremise
from prover.actions.repertoire import LIBRARY, Repertoire
from prover.actions.retrieval import DEFINITIONS, PREMISES, Retriever
from prover.actions.trees import written
from prover.actions.uses import Uses
from prover.goal import IDENTIFIER, Goal, Local, LocalKind, first_goal, identifiers, parse_goal
from prover.policy import Proposal

#: What stands between the brackets of `simp [..]`.
_LIST = re.compile(r"\[([^\[\]]*)\]")
#: The name that a tactic gives to what it introduces.
_NEW_NAME = re.compile(r"(?<=^have )h\d+(?= :)|(?<=^by_cases )h\d+(?= :)|(?<=\(fun )h\d+(?= =>)")


class PointerKind(StrEnum):
    """What a pointer points at; its letter marks it in the prompt (`L3`, `D0`, `P11`)."""

    LOCAL = "L"
    DEFINITION = "D"
    PREMISE = "P"
    #: A term of an equational repertoire, marked as the locals before it.
    TERM = "T"
    #: A law that follows from those of the context, in an equational repertoire; marked as a premise.
    LAW = "W"

    # Enum's own is a function in Python.
    __hash__ = str.__hash__


_MARKED_AS = {PointerKind.TERM: PointerKind.LOCAL, PointerKind.LAW: PointerKind.PREMISE}


@dataclass(frozen=True, slots=True)
class Pointer:
    """Something a tactic can name. `rank` counts within its kind, from 0."""

    kind: PointerKind
    rank: int
    name: str

    @property
    def marker(self) -> str:
        return f"{_MARKED_AS.get(self.kind, self.kind)}{self.rank}"


@dataclass(frozen=True, slots=True)
class Candidates:
    """Parallel int64 arrays, one entry an action. Actions of one template are neighbours."""

    #: Index in the repertoire.
    template: npt.NDArray[np.int64]
    #: Pointer indices of the two slots, -1 where there is no slot.
    first: npt.NDArray[np.int64]
    second: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.template)


class ActionSpace:
    """Looks at states: retrieves for them and enumerates what can be tried. A repertoire that retrieves nothing needs
    no retriever."""

    def __init__(
        self, retriever: Retriever | None, repertoire: Repertoire = LIBRARY, scorer: PremiseScorer | None = None
    ) -> None:
        if repertoire.retrieves and retriever is None:
            raise ValueError(f"the repertoire {repertoire.name} needs a retriever")
        self.retriever = retriever if repertoire.retrieves else None
        self.repertoire = repertoire
        #: What ranks premises in place of BM25.
        self.scorer = scorer

    def with_scorer(self, scorer: PremiseScorer | None) -> ActionSpace:
        """The same, with premises ranked by this one."""
        return ActionSpace(self.retriever, self.repertoire, scorer)

    def look(self, environment: Environment, state: str, required: Sequence[str] = ()) -> Situation:
        """The situation of a printed state, whose first goal is the one acted on.

        `required` names premises that must be offered if the environment holds them. Training on a hand-written step
        sets it, search never does."""
        return self.look_at(environment, *first_goal(state), required)

    def look_at(self, environment: Environment, first: str, goals: int, required: Sequence[str] = ()) -> Situation:
        """As `look`, of the printed first goal of a state of so many goals."""
        goal = parse_goal(first) if first else Goal((), "")
        premises: tuple[RetrievedPremise, ...] = ()
        definitions: tuple[str, ...] = ()
        unfolded: tuple[str, ...] = ()
        if self.retriever is not None:
            premises = own.premises(environment, goal, required)
            premises += self.retriever.premises(environment, goal, PREMISES - len(premises), required, self.scorer)
            premises = lent.with_lent(environment, goal, required, premises)
            unfolded = own.definitions(environment, goal)
            others = self.retriever.definitions(environment, goal)
            definitions = tuple(dict.fromkeys((*unfolded, *others)))[:DEFINITIONS]
        return Situation(
            goal=goal,
            goal_count=max(goals, 1),
            premises=premises,
            definitions=definitions,
            repertoire=self.repertoire,
            own=unfolded,
            whole=INIT in environment.imports,
        )

    def premises_in(self, environment: Environment, tactic: str) -> list[str]:
        """The theorems that a tactic's text names and the environment holds, its header's and lemmas included."""
        if self.retriever is None:
            return []
        holds = (own.holds, lent.holds, self.retriever.holds)
        return [name for name in IDENTIFIER.findall(tactic) if any(one(environment, name) for one in holds)]


@dataclass(frozen=True)
class Situation:
    """A state as a policy sees it. `pointers` are its locals, then definitions, then premises; of an equational
    repertoire locals, then terms, then laws."""

    goal: Goal
    goal_count: int
    premises: tuple[RetrievedPremise, ...]
    definitions: tuple[str, ...]
    repertoire: Repertoire = LIBRARY
    #: Those of the definitions that the theorem's header declares.
    own: tuple[str, ...] = ()
    #: Whether the theorem imports all of Init, as one outside the library does.
    whole: bool = False

    @lazy
    def locals(self) -> tuple[Local, ...]:
        usable = [
            local
            for local in self.goal.locals
            if local.accessible and local.kind not in (LocalKind.INSTANCE, LocalKind.TYPE)
        ]
        # A later local of the same name shadows the earlier one: only the last can be written.
        last = {local.name: index for index, local in enumerate(usable)}
        return tuple(local for index, local in enumerate(usable) if last[local.name] == index)[
            -self.repertoire.locals :
        ]

    @lazy
    def pointers(self) -> tuple[Pointer, ...]:
        return (
            *(Pointer(PointerKind.LOCAL, rank, local.name) for rank, local in enumerate(self.locals)),
            *self._term_pointers(),
            *(Pointer(PointerKind.DEFINITION, rank, name) for rank, name in enumerate(self.definitions)),
            *(Pointer(PointerKind.PREMISE, rank, premise.name) for rank, premise in enumerate(self.premises)),
        )

    @lazy
    def candidates(self) -> Candidates:
        """Every action of this state, in the order of the repertoire, then of pointers."""
        table = np.array(self._rows, dtype=np.int64).reshape(-1, 3)
        return Candidates(table[:, 0], table[:, 1], table[:, 2])

    @lazy
    def _rows(self) -> list[tuple[int, int, int]]:
        """The candidates one by one."""
        return self.equational.rows() if self.repertoire.equational else rows(self)

    def template(self, action: int) -> Template:
        """The template of an action."""
        return self.repertoire.templates[self._rows[action][0]]

    def text(self, action: int) -> str:
        """The tactic that an action stands for."""
        if self.repertoire.equational:
            return self.equational.text(self._rows[action])
        number, first, second = self._rows[action]
        form, pointers = self.repertoire.templates[number].form, self.pointers
        names = [pointers[pointer].name for pointer in (first, second) if pointer >= 0]
        return form.format(*names, **{clause: self._clause(clause, first) for clause in _clauses(form)})

    @lazy
    def equational(self) -> Equational:
        """The actions of an equational repertoire."""
        return Equational(self.goal, [local.name for local in self.locals])

    def _term_pointers(self) -> list[Pointer]:
        if not self.repertoire.equational:
            return []
        terms, laws = self.equational.terms, self.equational.following
        return [
            *(Pointer(PointerKind.TERM, len(self.locals) + rank, written(term)) for rank, term in enumerate(terms)),
            *(Pointer(PointerKind.LAW, rank, law.equation) for rank, law in enumerate(laws)),
        ]

    def _clause(self, clause: str, pointer: int) -> str:
        """What stands for a named field of a form whose first slot is filled with `pointer`."""
        match clause:
            case "premises":
                return self._premise_list(MANY)
            case "few":
                return self._premise_list(FEW)
            case "definitions":
                return ", ".join(self.definitions)
            case "own":
                return ", ".join(self.own)
            case "unfolding":
                return _bracketed(self.own)
            case "unfolding_few":
                return _bracketed([*self.own, *(premise.name for premise in self.premises[:FEW])])
            case "generalizing":
                return self.generalizing(self.pointers[pointer].name)
            case "fresh":
                return self._fresh
            case "holes":
                return " _" * usage(self.locals[pointer].type).leading
            case _:
                raise ValueError(f"no clause {clause!r}")

    def find(self, tactic: str) -> int | None:
        """The action whose text this tactic is (up to spaces), or None: it is not in the action space of this state.
        Of two actions with one text the earlier counts. The name that a tactic introduces does not count: where other
        steps were dropped from a proof, another one is free here."""
        text = _normal(tactic)
        found = self._by_text.get(text)
        return self._by_text.get(_NEW_NAME.sub(self._fresh, text)) if found is None else found

    def find_form(self, tactic: str) -> int | None:
        """The action that this tactic would be if the list of premises in it were this state's, or None. Only a list as
        long as those that the forms have here counts as one."""
        for count in (MANY, FEW):
            own = self._premise_list(count)
            for listed in _LIST.findall(tactic):
                names = listed.split(", ")
                if own and len(names) >= (wanted := own.count(", ") + 1):
                    action = self.find(tactic.replace(", ".join(names[-wanted:]) + "]", own + "]"))
                    if action is not None and self._lists(action):
                        return action
        return None

    def _lists(self, action: int) -> bool:
        return not {"premises", "few", "unfolding_few"}.isdisjoint(_clauses(self.template(action).form))

    def proposals(self, log_probs: npt.NDArray[np.float64], top_k: int) -> list[Proposal]:
        """The `top_k` likeliest actions as proposals, ties in the order of enumeration, no text twice, nothing that has
        probability 0. `log_probs`: one for each candidate."""
        proposals: dict[str, Proposal] = {}
        order = np.argsort(-log_probs, kind="stable")
        for action, log_prob in zip(order.tolist(), log_probs[order].tolist(), strict=True):
            if len(proposals) == top_k or log_prob == -math.inf:
                break
            tactic = self.text(action)
            if tactic not in proposals:
                proposals[tactic] = Proposal(tactic, log_prob, self.template(action).name)
        return list(proposals.values())

    @lazy
    def _by_text(self) -> dict[str, int]:
        return {_normal(self.text(action)): action for action in reversed(range(len(self.candidates)))}

    @lazy
    def _fresh(self) -> str:
        """`h1`, or the next one that no local has."""
        names = self.goal.names
        return next(name for number in range(1, len(names) + 2) if (name := f"h{number}") not in names)

    @lazy
    def uses(self) -> Uses:
        """What the hypotheses of the goal can be used for."""
        return Uses(self.goal)

    def _premise_list(self, count: int) -> str:
        return ", ".join(premise.name for premise in self.premises[:count])

    def generalizing(self, name: str) -> str:
        """A `generalizing` clause over the locals that may vary: data and proofs that the chosen one does not need."""
        needed = next(identifiers(local.type) for local in self.locals if local.name == name)
        free = [
            local.name
            for local in self.locals
            if local.kind in (LocalKind.DATA, LocalKind.PROOF) and local.name != name and local.name not in needed
        ]
        return " generalizing " + " ".join(free) if free else ""


@lru_cache(maxsize=1000)
def _clauses(form: str) -> tuple[str, ...]:
    """The named fields of a form."""
    return tuple(field for _, field, _, _ in Formatter().parse(form) if field and not field.isdigit())


def _bracketed(names: Sequence[str]) -> str:
    return f" [{', '.join(names)}]" if names else ""


def _normal(tactic: str) -> str:
    return re.sub(r"\s+", " ", tactic).strip()
