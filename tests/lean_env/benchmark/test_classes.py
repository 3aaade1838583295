"""Which statements count as copies of each other: pairs from the library itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

from lean_env.benchmark.classes import ClassFunction
from lean_env.library.expression import Apply, Bound, Constant, ForAll, Metadata
from lean_env.library.index import Library
from lean_env.library.olean import Kind

if TYPE_CHECKING:
    from lean_env.embedded.installation import Installation

MODULES = (
    *("Init.Prelude", "Init.Core", "Init.Data.Nat.Basic", "Init.Data.Int.Lemmas", "Init.Data.UInt.Lemmas"),
    *("Init.Data.SInt.Lemmas", "Init.Data.List.Lemmas", "Init.Data.Array.Lemmas", "Init.Data.Vector.Lemmas"),
    *("Init.Data.List.Basic", "Init.Data.Array.Basic", "Init.Data.Vector.Basic", "Init.Data.UInt.BasicAux"),
    *("Init.Data.UInt.Basic", "Init.Data.SInt.Basic", "Init.Data.Option.Lemmas", "Init.GetElem"),
    *("Init.Prelude", "Init.Data.Option.Basic", "Init.Data.BitVec.Basic", "Init.Data.BitVec.Lemmas"),
)


@pytest.fixture(scope="module")
def class_text(installation: Installation) -> Iterator[Callable[[str], str]]:
    with Library.open(installation) as library:
        types, theorems, signatures = {}, set(), {}
        for module in dict.fromkeys(MODULES):
            for declaration in library.declarations(module):
                types[declaration.name] = declaration.type
                if declaration.original_kind is Kind.THEOREM:
                    theorems.add(declaration.name)
                kinds, node = [], declaration.type
                while isinstance(node, ForAll | Metadata):
                    if isinstance(node, ForAll):
                        kinds.append(node.binder_kind)
                    node = node.body if isinstance(node, ForAll) else node.of
                signatures[declaration.name] = bytes(kinds)
        classify = ClassFunction(signatures, theorems)
        yield lambda name: classify.text(types[name])


@pytest.mark.parametrize(
    "names",
    [
        ("UInt8.add_comm", "UInt64.add_comm", "USize.add_comm", "Int16.add_comm", "ISize.add_comm", "Nat.add_comm"),
        ("List.map_map", "Array.map_map", "Vector.map_map"),
        ("UInt8.toUInt16_toUInt32", "UInt16.toUInt32_toUInt64"),
    ],
)
def test_copies_have_one_class(class_text: Callable[[str], str], names: tuple[str, ...]) -> None:
    assert len({class_text(name) for name in names}) == 1


def test_different_statements_have_different_classes(class_text: Callable[[str], str]) -> None:
    names = ["Nat.add_comm", "Nat.mul_comm", "Nat.add_assoc", "List.map_map", "Option.map_map", "BitVec.add_comm"]
    assert len({class_text(name) for name in names}) == len(names)


def test_two_types_of_a_group_are_not_confused_with_one() -> None:
    classify = ClassFunction({}, set())

    def statement(source: str, target: str) -> ForAll:
        return ForAll("x", 0, Constant(source, ()), Apply(Constant(f"{source}.to{target}", ()), Bound(0)))

    assert classify.of(statement("UInt8", "UInt16")) == classify.of(statement("Int32", "Int8"))
    assert classify.of(statement("UInt8", "UInt8")) != classify.of(statement("UInt8", "UInt16"))
