from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from lean_env.benchmark.lean_core.families import (
    LARGEST_HELD_OUT_SHARE,
    LARGEST_MODULE_SHARE,
    families,
    splits,
    surplus,
)
from lean_env.benchmark.splits import SPLITS, TEST, TRAIN


def classes(*parts: tuple[str, int]) -> set[str]:
    return {f"{name}{i}" for name, count in parts for i in range(count)}


def test_modules_that_share_a_fifth_are_one_family_and_it_is_transitive() -> None:
    family = families(
        {
            "A": classes(("ab", 20), ("a", 80)),
            "B": classes(("ab", 20), ("bc", 20), ("b", 60)),
            "C": classes(("bc", 20), ("c", 80)),
            "D": classes(("cd", 10), ("d", 90)),
        }
    )
    assert family == {"A": "A", "B": "A", "C": "A", "D": "D"}


def test_two_shared_statements_do_not_join_small_modules() -> None:
    assert families({"A": classes(("s", 2), ("a", 2)), "B": classes(("s", 2), ("b", 2))}) == {"A": "A", "B": "B"}


def test_families_do_not_depend_on_the_order_of_modules() -> None:
    modules = {name: classes((name, 5), ("xyz"[i % 3], 5)) for i, name in enumerate("ABCDEFG")}
    assert families(modules) == families(dict(reversed(modules.items())))


sizes = st.dictionaries(st.text("abcdef", min_size=1, max_size=4), st.integers(1, 300), min_size=1, max_size=60)


@given(sizes)
def test_each_family_has_one_split_and_large_ones_train(sizes: dict[str, int]) -> None:
    family_of = {module: module[0] for module in sizes}
    split_of = splits(family_of, sizes)
    assert set(split_of) == set(family_of.values())
    assert set(split_of.values()) <= set(SPLITS)
    total = sum(sizes.values())
    for family, split in split_of.items():
        size = sum(count for module, count in sizes.items() if family_of[module] == family)
        assert split == TRAIN or size <= LARGEST_HELD_OUT_SHARE * total


def test_shares_come_near_the_aim() -> None:
    sizes = {f"module {i}": 1 + i % 17 for i in range(500)}
    split_of = splits({module: module for module in sizes}, sizes)
    theorems = Counter({split: 0 for split in SPLITS})
    for module, size in sizes.items():
        theorems[split_of[module]] += size
    shares = {split: count / sum(sizes.values()) for split, count in theorems.items()}
    assert 0.68 < shares[TRAIN] < 0.72
    assert 0.19 < shares[TEST] < 0.22


@given(sizes)
def test_surplus_caps_every_module(sizes: dict[str, int]) -> None:
    module_of = {f"{module}.{i}": module for module, size in sizes.items() for i in range(size)}
    dropped = surplus(module_of)
    left = Counter(module for name, module in module_of.items() if name not in dropped)
    assert set(left) == set(sizes), "no module disappears"
    limit = max(LARGEST_MODULE_SHARE * left.total(), min(sizes.values()))
    assert max(left.values()) <= limit
