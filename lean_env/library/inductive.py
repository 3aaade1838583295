"""Inductive types as a header declares them: by their constructors. What a kernel derives is known by name only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lean_env.library.expression import Expression
from lean_env.library.names import child_name
from lean_env.library.ndjson import ExportedDeclaration


@dataclass(frozen=True, slots=True)
class Constructor:
    name: str
    type: Expression


@dataclass(frozen=True, slots=True)
class InductiveType:
    name: str
    type: Expression
    constructors: tuple[Constructor, ...]


@dataclass(frozen=True, slots=True)
class InductiveGroup:
    """Types that are declared together; at least one. `nested`: how many further recursors it has because its types
    occur inside others (`List (Tree α)`), as the exporting worker says: a kernel counts them itself.
    """

    level_params: tuple[str, ...]
    parameters: int
    types: tuple[InductiveType, ...]
    nested: int = 0

    @property
    def names(self) -> tuple[str, ...]:
        """All constants that come with the group: types, constructors, recursors."""
        return (
            *(one.name for one in self.types),
            *(constructor.name for constructor in self.constructors),
            *self.recursors(tuple(one.name for one in self.types)),
        )

    @property
    def constructors(self) -> tuple[Constructor, ...]:
        return tuple(constructor for one in self.types for constructor in one.constructors)

    @property
    def roots(self) -> Iterator[Expression]:
        """The expressions that declare it."""
        yield from (one.type for one in self.types)
        yield from (constructor.type for constructor in self.constructors)

    def recursors(self, types: tuple[str, ...]) -> tuple[str, ...]:
        """Their names, if the types had these."""
        own = (child_name(name, "rec") for name in types)
        return (*own, *(child_name(types[0], f"rec_{i}") for i in range(1, self.nested + 1)))


#: What a header consists of.
Declared = ExportedDeclaration | InductiveGroup


def names_of(declared: Declared) -> tuple[str, ...]:
    """The constants that a declaration brings."""
    return declared.names if isinstance(declared, InductiveGroup) else (declared.name,)


def roots_of(declared: Declared) -> tuple[Expression, ...]:
    """The expressions that make a declaration."""
    return tuple(declared.roots) if isinstance(declared, InductiveGroup) else (declared.type, declared.value)
