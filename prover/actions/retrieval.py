"""Which library theorems and definitions a goal may want: BM25 over printed statements, then a look at their shape.

Only what the theorem's environment holds is returned. The query is the goal's conclusion plus, at a third of the
weight, what its hypotheses and the types of its variables say. A candidate is likelier to apply when its conclusion, or
one side of it, uses only symbols that the goal has too. So the best 48 by BM25 are ranked again by that.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from lean_env.library.index import INIT, STD, Library
from lean_env.library.names import is_human_name, is_recursor_name
from lean_env.theorem import Environment
from prover import goal as goal_module
from prover.actions.term_index import TermIndex, kept, key_of, remove_others
from prover.goal import IDENTIFIER, Goal, LocalKind, binder_groups, outside_brackets, split_top_level

PREMISES = 12
DEFINITIONS = 6
_POOL = 48
_CONTEXT_WEIGHT = 0.3
#: How much a fitting side is worth, as a share of the best BM25 score of the state.
_FIT_BONUS = 0.25
#: A goal longer than this is cut for the query: such goals are rarely proved and would cost milliseconds.
_QUERY_CHARACTERS = 3000

_SYMBOL = re.compile(
    r"<\+:\+|<\+:|<:\+|<\+|\+\+|::|&&&|\|\|\||\^\^\^|<<<|>>>|~~~|\|\||&&|==|!=|#\[|#v\[|\[\]|[=≠≤<≥>∈∉∧∨¬↔∃∀∣≍⊆~+*/%^\-!↑×∘]"
)
_KEYWORDS = frozenset({"fun", "if", "then", "else", "match", "with", "let", "have"})
_SORTS = frozenset({"Type", "Sort", "Prop"})
_NUMERAL = re.compile(r"(?<![\w.])\d+(?![\w.])")


def symbols(text: str) -> list[str]:
    """The constants, notation and numerals of a printed term, variables included, in order of appearance."""
    return [*IDENTIFIER.findall(text), *_SYMBOL.findall(text), *_NUMERAL.findall(text)]


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


def _bound_inside(symbol: str) -> bool:
    """A name that a `fun`, `∃` or `match` inside a term is likely to bind, or one of these words themselves."""
    return symbol in _KEYWORDS or (len(symbol) <= 2 and symbol[0].islower())


class Shape(StrEnum):
    """What a premise concludes: it decides which tactics can use it."""

    EQUATION = "equation"
    IFF = "iff"
    IMPLICATION = "implication"
    FACT = "fact"


@dataclass(frozen=True, slots=True)
class Premise:
    """A library theorem as tactics see it. The sets hold symbols, bound variables left out."""

    name: str
    #: On one line.
    statement: str
    shape: Shape
    #: The arrows before the conclusion.
    hypotheses: int
    conclusion: frozenset[str]
    #: The sides of a conclusion that is an equation or an equivalence, otherwise empty.
    left: frozenset[str]
    right: frozenset[str]
    #: The constants in the types of its variables. A printed `+` does not show whose it is.
    types: frozenset[str]


@dataclass(frozen=True, slots=True)
class RetrievedPremise:
    """A premise for one goal. A side *fits* when `typed` holds and all its symbols occur in the goal's conclusion."""

    premise: Premise
    #: Whether the goal has the types of the premise's variables.
    typed: bool
    left_fits: bool
    right_fits: bool
    conclusion_fits: bool
    #: BM25's, 1 for the best of the state.
    relative_score: float
    #: Whether it was asked for by name.
    required: bool = False

    @property
    def name(self) -> str:
        return self.premise.name


def read_premise(name: str, statement: str) -> Premise:
    """The shape of a printed statement."""
    statement = " ".join(statement.split())
    variables, types, body, hypotheses = _strip_binders(statement)
    left: frozenset[str] = frozenset()
    right: frozenset[str] = frozenset()

    def constants(text: str) -> frozenset[str]:
        return frozenset(symbol for symbol in symbols(text) if symbol not in variables and not _bound_inside(symbol))

    shape = Shape.IMPLICATION if hypotheses else Shape.FACT
    sides = split_top_level(body, " ↔ ")
    if len(sides) == 2:
        shape = Shape.IFF
    elif not re.search(r" [∧∨] |^[¬∃∀]", outside_brackets(body)):
        sides = split_top_level(body, " = ")
        if len(sides) == 2:
            shape = Shape.EQUATION
    if len(sides) == 2:
        left, right = constants(sides[0]), constants(sides[1])
    return Premise(name, statement, shape, hypotheses, constants(body), left, right, types)


def _strip_binders(statement: str) -> tuple[frozenset[str], frozenset[str], str, int]:
    """Bound names, the constants of their types, the conclusion, and the number of hypotheses in front of it."""
    variables: set[str] = set()
    types: set[str] = set()
    hypotheses = 0
    while True:
        statement = statement.strip()
        if statement.startswith("∀ "):
            binders, *rest = split_top_level(statement[2:], ", ")
            if not rest:
                break
            for names, type_ in binder_groups(binders):
                variables.update(names)
                types.update(_type_constants(type_))
            statement = ", ".join(rest)
            continue
        if len(split_top_level(statement, " ↔ ")) > 1:
            break
        _, *consequent = split_top_level(statement, " → ")
        if not consequent:
            break
        hypotheses += 1
        statement = " → ".join(consequent)
    return frozenset(variables), frozenset(types), statement, hypotheses


def _type_constants(type_: str) -> Iterable[str]:
    """The constants that a printed type applies: `List (Option Nat)` gives List, Option, Nat; a proposition nothing."""
    if re.search(r"[=≠≤<≥>∈∉∧∨↔¬∀∃∣]", type_):
        return ()
    return (name for name in IDENTIFIER.findall(type_) if name[0].isupper() and name not in _SORTS)


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
        sources = [Path(file) for file in (__file__, goal_module.__file__)]
        return key_of([*self._names, *self._statements], sources)

    def _documents(self) -> list[list[str]]:
        """The terms of each theorem, by name and statement."""
        return [
            _terms(statement, _strip_binders(" ".join(statement.split()))[0]) + _name_pieces(name)
            for name, statement in zip(self._names, self._statements, strict=True)
        ]

    def premises(
        self, environment: Environment, goal: Goal, count: int = PREMISES, required: Sequence[str] = ()
    ) -> tuple[RetrievedPremise, ...]:
        """At most `count` premises for `goal`, likeliest first. `required` names that the environment holds are always
        among them (at the end if BM25 did not find them): how a hand-written step keeps its lemma."""
        if imports_std(environment) and self._wider is not None:
            return self._wider.premises(environment, goal, count, required)
        mask, _ = self._visible(environment)
        if not self._names or not mask.any():
            return ()
        scores = self._scores(goal)
        scores *= mask
        size = min(_POOL, len(scores))
        threshold = np.partition(scores, len(scores) - size)[len(scores) - size]
        pool = np.flatnonzero((scores >= threshold) & (scores > 0))
        best = float(scores.max()) or 1.0
        view = _GoalView.of(goal)
        ranked = []
        for position in pool:
            retrieved = view.fit(self._premise(int(position)), float(scores[position]) / best)
            fit = 1.0 if retrieved.left_fits or retrieved.conclusion_fits else 0.5 if retrieved.right_fits else 0.0
            foreign = 0.0 if retrieved.typed else 1.0
            rank = retrieved.relative_score + _FIT_BONUS * (fit - foreign)
            ranked.append((-rank, int(position), retrieved))
        ranked.sort(key=lambda entry: entry[:2])
        chosen = [replace(retrieved, required=retrieved.name in required) for _, _, retrieved in ranked[:count]]
        found = {retrieved.name for retrieved in chosen}
        missing = [
            name
            for name in dict.fromkeys(required)
            if name not in found and name in self._position and mask[self._position[name]]
        ][:count]
        if missing:
            del chosen[count - len(missing) :]
            for place in (self._position[name] for name in missing):
                retrieved = view.fit(self._premise(place), float(scores[place]) / best)
                chosen.append(replace(retrieved, required=True))
        return tuple(chosen)

    def definitions(self, environment: Environment, goal: Goal, count: int = DEFINITIONS) -> tuple[str, ...]:
        """Definitions named in the conclusion and visible in the environment, in order of appearance."""
        if imports_std(environment) and self._wider is not None:
            return self._wider.definitions(environment, goal, count)
        _, modules = self._visible(environment)
        names = dict.fromkeys(IDENTIFIER.findall(goal.conclusion[:_QUERY_CHARACTERS]))
        return tuple(name for name in names if self._definitions.get(name) in modules)[:count]

    def holds(self, environment: Environment, name: str) -> bool:
        """Whether the environment holds the premise."""
        if imports_std(environment) and self._wider is not None:
            return self._wider.holds(environment, name)
        position = self._position.get(name)
        return position is not None and bool(self._visible(environment)[0][position])

    def _read(self, position: int) -> Premise:
        return read_premise(self._names[position], self._statements[position])

    def _visible(self, environment: Environment) -> tuple[npt.NDArray[np.bool_], frozenset[str]]:
        if environment.key not in self._visible_cache:
            modules = self._closure(environment)
            in_closure = np.array([name in modules for name in self._module_names], dtype=bool)
            self._visible_cache[environment.key] = (in_closure[self._module_of], modules)
        return self._visible_cache[environment.key]

    def _scores(self, goal: Goal) -> npt.NDArray[np.float32]:
        names = goal.names
        conclusion = set(_terms(goal.conclusion[:_QUERY_CHARACTERS], names))
        context = {
            term
            for local in goal.locals
            if local.kind in (LocalKind.PROOF, LocalKind.DATA, LocalKind.FUNCTION)
            for term in _terms(local.type[:_QUERY_CHARACTERS], names)
        }
        scores = np.zeros(len(self._names), dtype=np.float32)
        for terms, weight in ((conclusion, 1.0), (context - conclusion, _CONTEXT_WEIGHT)):
            scores += np.float32(weight) * self._by_term.scores(sorted(terms))
        return scores


def imports_std(environment: Environment) -> bool:
    """Whether it holds anything of Std: no module of Init imports one of Std."""
    return any(module == STD or module.startswith(f"{STD}.") for module in environment.imports)


@dataclass(frozen=True, slots=True)
class _GoalView:
    """What fitting a premise needs of a goal: its conclusion's symbols and the types in sight."""

    symbols: frozenset[str]
    types: frozenset[str]

    @classmethod
    def of(cls, goal: Goal) -> _GoalView:
        conclusion = goal.conclusion[:_QUERY_CHARACTERS]
        types = {
            name
            for local in goal.locals
            if local.kind in (LocalKind.DATA, LocalKind.FUNCTION)
            for name in _type_constants(local.type)
        }
        for constant in IDENTIFIER.findall(conclusion):
            types.add(constant)
            types.add(constant.rpartition(".")[0])
        return cls(frozenset(symbols(conclusion)), frozenset(types))

    def fit(self, premise: Premise, relative_score: float) -> RetrievedPremise:
        typed = premise.types <= self.types
        return RetrievedPremise(
            premise,
            typed=typed,
            left_fits=typed and bool(premise.left) and premise.left <= self.symbols,
            right_fits=typed and bool(premise.right) and premise.right <= self.symbols,
            conclusion_fits=typed and bool(premise.conclusion) and premise.conclusion <= self.symbols,
            relative_score=relative_score,
        )


def _name_pieces(name: str) -> list[str]:
    return [piece for piece in re.split(r"[._]", name) if len(piece) > 2]
