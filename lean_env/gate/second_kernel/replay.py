"""The library through the native kernel, constant by constant in the order of their dependencies.

`lean_env.gate.second_kernel.image` runs it and says what is checked and what is believed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from lean_env.gate.second_kernel import ffi
from lean_env.gate.second_kernel.ffi import NativeKernelError, NativeLean, Value
from lean_env.gate.second_kernel.terms import NativeTerms
from lean_env.library.expression import Expression, used_constants
from lean_env.library.index import Library
from lean_env.library.names import child_name
from lean_env.library.olean import Declaration, Hints, Kind, Safety

#: The kinds that the kernel derives from an inductive group or from `Quot`.
_DERIVED = (Kind.INDUCTIVE, Kind.CONSTRUCTOR, Kind.RECURSOR, Kind.QUOTIENT)
_QUOTIENTS = "Quot"
#: `Quot`'s declaration mentions it without having it in its own types.
_NEEDED_BY_QUOTIENTS = "Eq"
_BAR = "|"


class LibraryDiffers(Exception):
    """The native kernel derives another constructor, recursor or type than the library's files hold."""


@dataclass(slots=True)
class Replayed:
    """What became of the library's constants."""

    #: By kind.
    checked: Counter[Kind] = field(default_factory=Counter)
    #: Without body.
    believed: int = 0
    #: Added without a check.
    unchecked: int = 0
    #: Unsafe or partial.
    left_out: int = 0
    #: The names that could not be declared.
    unavailable: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Constant:
    """A constant whose terms are native values. `needs`: the constants in its type and value; `shape` as in
    `Declaration`."""

    name: str
    kind: Kind
    levels: tuple[str, ...]
    type: Value
    value: Value | None
    hints: Hints
    shape: tuple[str, ...]
    rules: tuple[Value, ...]
    needs: frozenset[str]


def replay_library(lean: NativeLean, library: Library, report: Callable[[int, int], None]) -> Replayed:
    """Extends `lean`'s environment by the whole library. `report(done, total)` counts modules.

    Raises LibraryDiffers, OleanError.
    """
    replay = _Replay(lean)
    for done, module in enumerate(library.modules, start=1):
        for declaration in library.declarations(module):
            replay.read(declaration)
        replay.terms.forget()
        report(done, len(library.modules))
    replay.declare_all()
    return replay.result


class _Replay:
    def __init__(self, lean: NativeLean) -> None:
        self.terms = NativeTerms(lean)
        self.result = Replayed()
        self._lean = lean
        self._constants: dict[str, _Constant] = {}
        self._recursors: dict[str, list[str]] = {}
        self._declared: set[str] = set()

    # ---- reading ----

    def read(self, declaration: Declaration) -> None:
        """Keeps a constant. Of the 35 generated theorems that two modules declare, one with a body is preferred."""
        if declaration.safety is not Safety.SAFE:
            self.result.left_out += 1
            return
        known = self._constants.get(declaration.name)
        if known is not None and (known.value is not None or declaration.value is None):
            return
        roots: list[Expression] = [declaration.type]
        if declaration.value is not None:
            roots.append(declaration.value)
        expression = self.terms.expression
        self._constants[declaration.name] = _Constant(
            declaration.name,
            declaration.kind,
            declaration.level_params,
            expression(declaration.type),
            None if declaration.value is None else expression(declaration.value),
            declaration.hints,
            declaration.shape,
            tuple(map(expression, declaration.rules)),
            frozenset().union(*map(used_constants, roots)),
        )
        if declaration.kind is Kind.RECURSOR and known is None:
            self._recursors.setdefault(declaration.shape[0], []).append(declaration.name)

    # ---- the order ----

    def declare_all(self) -> None:
        for name in [_NEEDED_BY_QUOTIENTS, *self._constants]:
            self._declare_with_needs(name)

    def _declare_with_needs(self, name: str) -> None:
        """Iteratively, since chains of dependencies are thousands long."""
        stack = [self._head(name)]
        while stack:
            head = stack[-1]
            if head in self._declared:
                stack.pop()
                continue
            waiting = {self._head(need) for need in self._needs(head) if need in self._constants}
            waiting = {need for need in waiting - {head} if need not in self._declared}
            if waiting:
                stack.extend(sorted(waiting))
                continue
            stack.pop()
            self._declared.add(head)
            self._declare(self._constants[head])

    def _head(self, name: str) -> str:
        """The constant whose declaration brings this one: the first type of its inductive group, `Quot`, or itself."""
        constant = self._constants[name]
        if constant.kind is Kind.QUOTIENT:
            return _QUOTIENTS
        if constant.kind is Kind.CONSTRUCTOR:
            constant = self._constants[constant.shape[0]]
        if constant.kind is Kind.INDUCTIVE:
            return _group(constant)[0]
        return constant.shape[0] if constant.kind is Kind.RECURSOR else name

    def _needs(self, head: str) -> set[str]:
        constant = self._constants[head]
        if constant.kind is not Kind.INDUCTIVE:
            return {*constant.needs}
        members = [self._constants[name] for name in _group(constant)]
        members += [self._constants[name] for member in members for name in _constructors(member)]
        return {need for member in members for need in member.needs}

    # ---- declaring ----

    def _declare(self, constant: _Constant) -> None:
        if constant.kind in _DERIVED:
            self._derive(constant)
            return
        lean = self._lean
        name, levels, type_ = self.terms.name(constant.name), self.terms.names(constant.levels), constant.type
        if constant.value is None:
            declaration = lean.axiom(name, levels, type_)
        elif constant.kind is Kind.DEFINITION:
            declaration = lean.definition(name, levels, type_, constant.value, constant.hints)
        elif constant.kind is Kind.THEOREM:
            declaration = lean.theorem(name, levels, type_, constant.value)
        else:
            declaration = lean.opaque(name, levels, type_, constant.value)
        try:
            lean.add(declaration)
        except NativeKernelError:
            self._believe(constant, declaration)
            return
        if constant.value is None:
            self.result.believed += 1
        else:
            self.result.checked[constant.kind] += 1

    def _believe(self, constant: _Constant, declaration: Value) -> None:
        """A body that does not check without private constants: added as 4.28 has it, if its type stands."""
        lean = self._lean
        if constant.value is None or not self._is_type(constant):
            self.result.unavailable.append(constant.name)
            return
        lean.add(declaration, check=False)
        self.result.unchecked += 1

    def _is_type(self, constant: _Constant) -> bool:
        """Whether the kernel takes the type, asked by an axiom of another name that is forgotten again."""
        lean = self._lean
        probe = lean.axiom(
            self.terms.name(child_name(constant.name, "_probe")), self.terms.names(constant.levels), constant.type
        )
        return lean.accepts(probe)

    def _derive(self, constant: _Constant) -> None:
        terms = self.terms
        if constant.kind is Kind.QUOTIENT:
            self._lean.add(self._lean.quotients())
            group = [c.name for c in self._constants.values() if c.kind is Kind.QUOTIENT]
        else:
            types = [self._constants[name] for name in _group(constant)]
            group = [t.name for t in types] + [name for t in types for name in _constructors(t)]
            group += self._recursors.get(constant.name, [])
            declared = [
                (terms.name(t.name), t.type, [(terms.name(c), self._constants[c].type) for c in _constructors(t)])
                for t in types
            ]
            levels, parameters = terms.names(constant.levels), int(constant.shape[0])
            try:
                self._lean.add(self._lean.inductive(levels, parameters, declared))
            except NativeKernelError:
                self.result.unavailable += group
                return
        for name in group:
            self._compare(self._constants[name])
            self.result.checked[self._constants[name].kind] += 1

    def _compare(self, constant: _Constant) -> None:
        """Universes, type, counts and computation rules of a constant that the kernel derived, with the file's."""
        derived = self._lean.find(self.terms.name(constant.name))
        if derived is not None:
            header = ffi.field(ffi.field(derived, 0), 0)
            levels = tuple(map(_text, ffi.items(ffi.field(header, 1))))
            shape, rules = _derived_shape(derived)
            if (
                levels == constant.levels
                and shape == constant.shape
                and self._lean.equal(ffi.field(header, 2), constant.type)
                and len(rules) == len(constant.rules)
                and all(self._lean.equal(*pair) for pair in zip(rules, constant.rules, strict=True))
            ):
                return
        raise LibraryDiffers(f"{constant.name}: Lean {ffi.VERSION} derives something else than the library holds")


def _group(inductive: _Constant) -> tuple[str, ...]:
    return inductive.shape[3 : inductive.shape.index(_BAR)]


def _constructors(inductive: _Constant) -> tuple[str, ...]:
    return inductive.shape[inductive.shape.index(_BAR) + 1 :]


def _text(name: Value) -> str:
    made = ""
    for component in ffi.name_components_of(name):
        made = child_name(made, component)
    return made


def _derived_shape(info: Value) -> tuple[tuple[str, ...], list[Value]]:
    """`Declaration.shape` and `Declaration.rules` of a native ConstantInfo."""
    kind, value = tuple(Kind)[ffi.tag(info)], ffi.field(info, 0)

    def numbers(*fields: int) -> list[str]:
        return [str(ffi.field(value, index) >> 1) for index in fields]

    def names(index: int) -> list[str]:
        return [_text(name) for name in ffi.items(ffi.field(value, index))]

    if kind is Kind.INDUCTIVE:
        return (*numbers(1, 2, 5), *names(3), _BAR, *names(4)), []
    if kind is Kind.CONSTRUCTOR:
        return (_text(ffi.field(value, 1)), *numbers(2, 3, 4)), []
    if kind is Kind.QUOTIENT:
        return (str(ffi.scalar(value, 0)),), []
    rules = ffi.items(ffi.field(value, 6))
    heads = [f"{_text(ffi.field(rule, 0))}/{ffi.field(rule, 1) >> 1}" for rule in rules]
    shape = (*names(1), _BAR, *numbers(2, 3, 4, 5), str(ffi.scalar(value, 0)), *heads)
    return shape, [ffi.field(rule, 2) for rule in rules]
