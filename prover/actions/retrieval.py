"""Which library theorems and definitions a goal may want: BM25 over printed statements, then a look at their shape.

Only what the theorem's environment holds is returned. The query is the goal's conclusion plus, at a third of the
weight, what its hypotheses and the types of its variables say. A candidate is likelier to apply when its conclusion, or
one side of it, uses only symbols that the goal has too. So the best 48 by BM25 are ranked again by that. A trained
scorer (premise_scorer.py) ranks all that the environment holds in place of these 48, and of what it ranks best those
are taken that can be used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from lean_env.library.index import INIT, STD, Library
from lean_env.library.names import is_human_name, is_recursor_name
from lean_env.theorem import Environment
from prover import goal as goal_module
from prover.actions import premises as premises_module
from prover.actions.prefilter import usable
from prover.actions.premise_scorer import PremiseScorer, Sight, sight_of
from prover.actions.premise_table import Floats, PremiseTable
from prover.actions.premises import (
    QUERY_CHARACTERS,
    GoalView,
    Premise,
    RetrievedPremise,
    name_pieces,
    read_premise,
    strip_binders,
    symbols,
)
from prover.actions.term_index import TermIndex, kept, key_of, remove_others
from prover.goal import IDENTIFIER, Goal, LocalKind

PREMISES = 12
DEFINITIONS = 6
_POOL = 48
_CONTEXT_WEIGHT = 0.3
#: How much a fitting side is worth, as a share of the best BM25 score of the state.
FIT_BONUS = 0.25
#: Of what a scorer ranks, so many times the premises wanted are looked at, and these best ones are taken whether or not
#: they seem to be of use.
_LOOKED_AT, _ALWAYS = 4, 4


def _terms(text: str, variables: frozenset[str] | set[str]) -> list[str]:
    """BM25 terms: every symbol that is no variable, and the pieces of dotted names (`List.map` counts as `map` too)."""
    terms = []
    for symbol in symbols(text):
        if symbol in variables:
            continue
        terms.append(symbol)
        if "." in symbol:
            terms.extend(piece for piece in symbol.split(".") if len(piece) > 2)
    return terms


@dataclass(frozen=True)
class PremiseIndex:
    """Library theorems as three parallel sequences, and `definitions` (name to module): what retrieval searches."""

    names: Sequence[str]
    modules: Sequence[str]
    statements: Sequence[str]
    definitions: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not len(self.names) == len(self.modules) == len(self.statements):
            raise ValueError("names, modules and statements of a premise index differ in length")

    @classmethod
    def of(cls, library: Library, environment: Environment) -> PremiseIndex:
        """The named theorems that `environment` holds, and the named definitions whose body a proof can unfold."""
        theorems = [theorem for theorem in library.visible(environment) if not is_recursor_name(theorem.name)]
        modules = library.closure(environment)
        definitions = {
            name: module for name, module in library.definitions().items() if module in modules and is_human_name(name)
        }
        return cls(
            [theorem.name for theorem in theorems],
            [theorem.module for theorem in theorems],
            [theorem.statement for theorem in theorems],
            definitions,
        )


class Retriever:
    """BM25 over a premise index; `closure` gives the modules that an environment sees. Ties go to the earlier name.

    The terms are indexed when they are first asked for, and kept in `folder` where one is given.

    BM25 weighs a term by how many theorems hold it, so a larger library changes every score. That is why Std's
    theorems have an index of their own, `wider`, with Init's: what is proved over Init alone never sees it.
    """

    def __init__(
        self,
        index: PremiseIndex,
        closure: Callable[[Environment], frozenset[str]],
        folder: Path | None = None,
        say: Callable[[str], None] = lambda _text: None,
        wider: Callable[[], Retriever] | None = None,
    ) -> None:
        order = sorted(range(len(index.names)), key=lambda i: index.names[i])
        self._names = [index.names[i] for i in order]
        self._statements = [index.statements[i] for i in order]
        self._position = {name: i for i, name in enumerate(self._names)}
        self._definitions = dict(index.definitions)
        self._closure = closure
        module_names = sorted(set(index.modules))
        module_number = {module: i for i, module in enumerate(module_names)}
        self._module_names = module_names
        self._module_of = np.array([module_number[index.modules[i]] for i in order], dtype=np.int32)
        self._visible_cache: dict[str, tuple[npt.NDArray[np.bool_], frozenset[str]]] = {}
        self._premise = lru_cache(maxsize=None)(self._read)
        self._fixed = lru_cache(maxsize=8)(self._fixed_of)
        self._folder, self._say, self._make_wider = folder, say, wider

    @classmethod
    def of(
        cls,
        library: Library,
        closure: Callable[[Environment], frozenset[str]] | None = None,
        say: Callable[[str], None] = lambda _text: None,
    ) -> Retriever:
        """A retriever over Init (120 MB), and over Std too where the library has it and a theorem imports it. Both are
        kept beside the library's index. `say` is told where one has to be made first."""
        closure, folder = closure or library.closure, library.database.parent
        init = Environment((INIT,))

        def with_std() -> Retriever:
            return cls(PremiseIndex.of(library, Environment((INIT, STD))), closure, folder, say)

        return cls(PremiseIndex.of(library, init), closure, folder, say, with_std if library.has_std else None)

    def prepare(self) -> None:
        """Makes what is kept, unless it is there, and removes what other versions kept."""
        all_of_them = [self] if self._wider is None else [self, self._wider]  # Std's takes another 2 s
        if self._folder is not None and all(one._by_term is not None for one in all_of_them):
            remove_others(self._folder, [one._key for one in all_of_them])

    @cached_property
    def _wider(self) -> Retriever | None:
        return self._make_wider() if self._make_wider is not None else None

    @cached_property
    def _by_term(self) -> TermIndex:
        if self._folder is None:
            return TermIndex.of(self._documents())
        return kept(self._folder, self._key, lambda: TermIndex.of(self._documents()), self._say)

    @cached_property
    def _key(self) -> str:
        sources = [Path(file) for file in (__file__, goal_module.__file__, premises_module.__file__)]
        return key_of([*self._names, *self._statements], sources)

    def _documents(self) -> list[list[str]]:
        """The terms of each theorem, by name and statement."""
        return [
            _terms(statement, strip_binders(" ".join(statement.split()))[0]) + name_pieces(name)
            for name, statement in zip(self._names, self._statements, strict=True)
        ]

    def premises(
        self,
        environment: Environment,
        goal: Goal,
        count: int = PREMISES,
        required: Sequence[str] = (),
        scorer: PremiseScorer | None = None,
    ) -> tuple[RetrievedPremise, ...]:
        """At most `count` premises for `goal`, likeliest first. `required` names that the environment holds are always
        among them (at the end if they were not found): how a hand-written step keeps its lemma."""
        if imports_std(environment) and self._wider is not None:
            return self._wider.premises(environment, goal, count, required, scorer)
        mask, _ = self._visible(environment)
        if not self._names or not mask.any():
            return ()
        scores = self._scores(goal) * mask
        best = float(scores.max()) or 1.0
        view = GoalView.of(goal)

        def seen(position: int) -> RetrievedPremise:
            return view.fit(self._premise(position), float(scores[position]) / best)

        if scorer is None:
            ranked = self._by_fit(scores, seen)
        else:
            order = scorer.order(self._sight(goal, scores, mask), self._fixed(scorer), _LOOKED_AT * count)
            ranked = _survivors(map(seen, order), goal.conclusion, count)
        chosen = [replace(retrieved, required=retrieved.name in required) for retrieved in ranked[:count]]
        found = {retrieved.name for retrieved in chosen}
        missing = [
            name
            for name in dict.fromkeys(required)
            if name not in found and name in self._position and mask[self._position[name]]
        ][:count]
        if missing:
            del chosen[count - len(missing) :]
            chosen += [replace(seen(self._position[name]), required=True) for name in missing]
        return tuple(chosen)

    def _by_fit(
        self, scores: npt.NDArray[np.float32], seen: Callable[[int], RetrievedPremise]
    ) -> list[RetrievedPremise]:
        """The best 48 by BM25, ranked by that and by how they fit."""
        size = min(_POOL, len(scores))
        threshold = np.partition(scores, len(scores) - size)[len(scores) - size]
        ranked = []
        for position in np.flatnonzero((scores >= threshold) & (scores > 0)).tolist():
            retrieved = seen(position)
            fit = 1.0 if retrieved.left_fits or retrieved.conclusion_fits else 0.5 if retrieved.right_fits else 0.0
            foreign = 0.0 if retrieved.typed else 1.0
            ranked.append((-(retrieved.relative_score + FIT_BONUS * (fit - foreign)), position, retrieved))
        ranked.sort(key=lambda entry: entry[:2])
        return [retrieved for _, _, retrieved in ranked]

    # --- what a scorer reads ----------------------------------------------------------------------------------------

    def sight(self, environment: Environment, goal: Goal) -> tuple[Sight, Mapping[str, int]]:
        """All premises as `goal` sees them, and their places by name."""
        if imports_std(environment) and self._wider is not None:
            return self._wider.sight(environment, goal)
        mask, _ = self._visible(environment)
        return self._sight(goal, self._scores(goal) * mask, mask), self._position

    def _sight(self, goal: Goal, scores: Floats, mask: npt.NDArray[np.bool_]) -> Sight:
        return sight_of(self._table, goal, scores / np.float32(float(scores.max()) or 1.0), mask)

    @cached_property
    def _table(self) -> PremiseTable:
        return PremiseTable.of([self._premise(position) for position in range(len(self._names))])

    def definitions(self, environment: Environment, goal: Goal, count: int = DEFINITIONS) -> tuple[str, ...]:
        """Definitions named in the conclusion and visible in the environment, in order of appearance."""
        if imports_std(environment) and self._wider is not None:
            return self._wider.definitions(environment, goal, count)
        _, modules = self._visible(environment)
        names = dict.fromkeys(IDENTIFIER.findall(goal.conclusion[:QUERY_CHARACTERS]))
        return tuple(name for name in names if self._definitions.get(name) in modules)[:count]

    def holds(self, environment: Environment, name: str) -> bool:
        """Whether the environment holds the premise."""
        if imports_std(environment) and self._wider is not None:
            return self._wider.holds(environment, name)
        position = self._position.get(name)
        return position is not None and bool(self._visible(environment)[0][position])

    def _read(self, position: int) -> Premise:
        return read_premise(self._names[position], self._statements[position])

    def _fixed_of(self, scorer: PremiseScorer) -> Floats:
        return scorer.of_table(self._table)

    def _visible(self, environment: Environment) -> tuple[npt.NDArray[np.bool_], frozenset[str]]:
        if environment.key not in self._visible_cache:
            modules = self._closure(environment)
            in_closure = np.array([name in modules for name in self._module_names], dtype=bool)
            self._visible_cache[environment.key] = (in_closure[self._module_of], modules)
        return self._visible_cache[environment.key]

    def _scores(self, goal: Goal) -> npt.NDArray[np.float32]:
        names = goal.names
        conclusion = set(_terms(goal.conclusion[:QUERY_CHARACTERS], names))
        context = {
            term
            for local in goal.locals
            if local.kind in (LocalKind.PROOF, LocalKind.DATA, LocalKind.FUNCTION)
            for term in _terms(local.type[:QUERY_CHARACTERS], names)
        }
        scores = np.zeros(len(self._names), dtype=np.float32)
        for terms, weight in ((conclusion, 1.0), (context - conclusion, _CONTEXT_WEIGHT)):
            scores += np.float32(weight) * self._by_term.scores(sorted(terms))
        return scores


def imports_std(environment: Environment) -> bool:
    """Whether it holds anything of Std: no module of Init imports one of Std."""
    return any(module == STD or module.startswith(f"{STD}.") for module in environment.imports)


def _survivors(ranked: Iterable[RetrievedPremise], goal: str, count: int) -> list[RetrievedPremise]:
    """So many of them in their order, left out those that the goal has no use for."""
    found: list[RetrievedPremise] = []
    for rank, premise in enumerate(ranked):
        if rank < _ALWAYS or usable(premise.premise.statement, goal):
            found.append(premise)
        if len(found) == count:
            break
    return found
