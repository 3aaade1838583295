import pytest

from lean_env.library.names import child_name, is_human_name, is_recursor_name


def test_different_names_never_share_a_text() -> None:
    components = ["a", "b", "a.b", "1", 1, "", "«a»", "a»", ".", "»", "«"]
    names = [child_name(child_name("", first), second) for first in components for second in components]
    assert len(set(names)) == len(names)


def test_plain_names_are_joined_by_dots() -> None:
    assert child_name(child_name(child_name("", "List"), "map"), 3) == "List.map.3"


@pytest.mark.parametrize(
    "name", ["List.map_append", "Nat.le_of_lt", "Nat.sub_eq", "UInt8.toNat_inj'", "List.injective", "Nat.eq_defn"]
)
def test_people_name_theorems_like_this(name: str) -> None:
    assert is_human_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "List.cons.injEq",
        "List.map.eq_2",
        "Nat.add.eq_def",
        "Prod.mk.sizeOf_spec",
        "_private.Init.Core.0.foo",
        "foo._proof_3",
        "Nat.lt.match_1.congr_eq_1",
        "List.cons.noConfusion_type",
        "f.induct_unfolding",
        "List.map._simp_1",
        "x✝",
    ],
)
def test_the_elaborator_names_theorems_like_this(name: str) -> None:
    assert not is_human_name(name)


def test_recursor_theorems_look_human_and_are_told_apart() -> None:
    assert is_human_name("List.brecOn.eq")
    assert is_recursor_name("List.brecOn.eq")
    assert is_recursor_name("Acc.brecOn")
    assert not is_recursor_name("Nat.below_of_lt")
