"""Which of the library's theorems can be benchmark theorems, decided from the .olean files alone.

A theorem is stated in the environment of its own module's imports. Left out are those whose statement needs more than
these imports, those with a twin there (the same statement under another name), and generated names that look human.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

from lean_env.benchmark.classes import ClassFunction
from lean_env.library.expression import (
    Expression,
    ExpressionHasher,
    ForAll,
    Metadata,
    universe_order,
    used_constants,
)
from lean_env.library.index import INIT, Library
from lean_env.library.names import is_human_name, is_recursor_name
from lean_env.library.olean import Declaration, Kind
from lean_env.theorem import Environment

#: What the `auto` policy adds to an environment, where it does not depend on the theorem's module.
AUTOMATION_MODULES = ("Init.Omega", "Init.Grind")

#: Reasons for which a named theorem of the library is no candidate.
GENERATED_NAME = "generated name"
NOT_STATABLE = "statement needs more than the module's imports"
TWIN = "same statement visible in its environment"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A theorem that its environment can state."""

    name: str
    module: str
    expression_hash: str
    goal_hash: str
    statement_class: str
    #: The statement mentions a definition without a body.
    opaque: bool
    #: A statement of the same class is visible in its environment.
    class_in_imports: bool
    #: The same statement is visible in its `auto` environment. There it is no theorem to prove.
    auto_twin: bool


@dataclass(slots=True)
class Selection:
    """The candidates of a library, and what was left out."""

    #: By module, then in file order.
    candidates: list[Candidate]
    #: How many named theorems there were.
    named: int
    #: Reason -> how many.
    left_out: Counter[str]
    #: Module -> the statement classes of all its named theorems, candidates or not.
    classes: dict[str, set[str]] = field(default_factory=dict)


def auto_environment(library: Library, module: str) -> Environment:
    """The strict environment of `module` plus the automation that it lacks, as far as that is not built on `module`."""
    strict = library.strict_environment(module)
    present = library.closure(strict)
    added = [
        name
        for name in AUTOMATION_MODULES
        if name not in present and module not in library.closure(Environment((name,)))
    ]
    return Environment((*strict.imports, *added))


def modules_of(library: Library, root: str) -> frozenset[str]:
    """The modules of Init or Std: what importing `root` loads, for another root than Init beyond it."""
    modules = library.closure(Environment((root,)))
    return modules if root == INIT else modules - library.closure(Environment((INIT,)))


def select(library: Library, root: str = INIT, report: Callable[[int, int], None] | None = None) -> Selection:
    """Reads Init (10 s), and Std as well for its theorems (30 s). `report(done, total)` counts modules.

    Whatever the root, all that its theorems may see is read: a copy in Init is a copy."""
    wanted = modules_of(library, root)
    survey = _Survey(library, wanted)
    modules = sorted(library.closure(Environment((INIT, root))))
    for done, module in enumerate(modules, start=1):
        survey.read(module)
        if report is not None:
            report(done, len(modules))
    return survey.selection()


@dataclass(frozen=True, slots=True)
class _Named:
    declaration: Declaration
    module: str
    goal_hash: str


class _Survey:
    def __init__(self, library: Library, wanted: frozenset[str]) -> None:
        self._library = library
        self._wanted = wanted
        self._named: list[_Named] = []
        self._signatures: dict[str, bytes] = {}
        self._theorem_names: set[str] = set()
        self._without_body: set[str] = set()
        #: Where a constant is declared (a few in several modules), and where a statement is made.
        self._homes: dict[str, set[str]] = defaultdict(set)
        self._statements: dict[str, set[str]] = defaultdict(set)

    def read(self, module: str) -> None:
        hasher = ExpressionHasher()
        for declaration in self._library.declarations(module):
            self._homes[declaration.name].add(module)
            self._signatures[declaration.name] = binder_kinds(declaration.type)
            goal_hash = hasher.hash(declaration.type, universe_order(declaration.type))
            self._statements[goal_hash].add(module)
            if declaration.original_kind is Kind.THEOREM:
                self._theorem_names.add(declaration.name)
                if is_human_name(declaration.name):
                    self._named.append(_Named(declaration, module, goal_hash))
            elif declaration.kind is Kind.AXIOM and declaration.original_kind is not Kind.AXIOM:
                self._without_body.add(declaration.name)

    def selection(self) -> Selection:
        classify = ClassFunction(self._signatures, self._theorem_names)
        wanted = [named for named in self._named if named.module in self._wanted]
        selection = Selection([], len(wanted), Counter())
        modules_of_class: dict[str, set[str]] = defaultdict(set)
        class_of: dict[str, str] = {}
        for named in self._named:
            statement_class = class_of[named.declaration.name] = classify.of(named.declaration.type)
            modules_of_class[statement_class].add(named.module)
        for named in wanted:
            selection.classes.setdefault(named.module, set()).add(class_of[named.declaration.name])
        for named in wanted:
            name, module = named.declaration.name, named.module
            if is_recursor_name(name):
                selection.left_out[GENERATED_NAME] += 1
                continue
            strict = self._library.strict_environment(module)
            visible = self._library.closure(strict)
            constants = used_constants(named.declaration.type)
            if not strict.imports or any(visible.isdisjoint(self._homes[constant]) for constant in constants):
                selection.left_out[NOT_STATABLE] += 1
                continue
            if not visible.isdisjoint(self._statements[named.goal_hash]):
                selection.left_out[TWIN] += 1
                continue
            visible_with_automation = self._library.closure(auto_environment(self._library, module))
            stored = self._library.constant(name)
            assert stored is not None, "the index was made from the files just read"
            selection.candidates.append(
                Candidate(
                    name=name,
                    module=module,
                    expression_hash=stored.type_hash,
                    goal_hash=named.goal_hash,
                    statement_class=class_of[name],
                    opaque=not self._without_body.isdisjoint(constants),
                    class_in_imports=not visible.isdisjoint(modules_of_class[class_of[name]]),
                    auto_twin=not visible_with_automation.isdisjoint(self._statements[named.goal_hash]),
                )
            )
        return selection


def binder_kinds(type_: Expression) -> bytes:
    """The binder kinds of a constant's telescope, one byte each (0 explicit), as `ClassFunction` wants them."""
    kinds = bytearray()
    node = type_
    while isinstance(node, ForAll | Metadata):
        if isinstance(node, ForAll):
            kinds.append(node.binder_kind)
            node = node.body
        else:
            node = node.of
    return bytes(kinds)
