"""Families of modules, and the splits that never separate one.

A family is a set of modules connected by shared statement classes (`lean_env.benchmark.classes`): `UInt.Lemmas` and
`SInt.Lemmas`, the `List`, `Array` and `Vector` version of one chapter. In Std names connect them as well. Which split a
family belongs to follows from a hash of its name alone, so that no one can have chosen it.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from itertools import combinations

from lean_env.benchmark.splits import TEST, TRAIN, VALID

#: Two modules are one family when this share of the smaller one's classes is found in the other, and at least this
#: many. A tenth instead of a fifth would join all arithmetic into one family of 6,200 of 22,200 theorems. What stays
#: shared between families (440 of 14,650 classes) is dropped from valid and test one by one.
JOINING_SHARE = 0.2
JOINING_COUNT = 3

#: Shares of all theorems that are meant for valid and test.
VALID_SHARE = 0.10
TEST_SHARE = 0.20
#: And at most these of what families leave that can be held out: a tenth of Std, whose maps and sets are one family.
VALID_SHARE_OF_SMALL = 0.25
TEST_SHARE_OF_SMALL = 0.50
#: A family with more of the theorems than this is for training: held out, it would be most of what is measured.
LARGEST_HELD_OUT_SHARE = 0.05
#: No module makes up more of the test split than this.
LARGEST_MODULE_SHARE = 0.10


def stable_hash(text: str) -> str:
    """Orders things at random, equally on every machine."""
    return hashlib.sha256(f"lean-core 1\n{text}".encode()).hexdigest()


def families(*marks_of: Mapping[str, Collection[str]]) -> dict[str, str]:
    """The family of each module, named after its first module by name.

    Each argument has the marks of every module by which it is compared with the others: statement classes, or theorem
    names without their namespaces. Modules that share enough of one kind are one family."""
    parent = {module: module for marks in marks_of for module in marks}

    def root(module: str) -> str:
        while parent[module] != module:
            parent[module] = parent[parent[module]]
            module = parent[module]
        return module

    for marks in marks_of:
        distinct = {module: set(of_module) for module, of_module in marks.items()}
        modules_with = defaultdict(list)
        for module in sorted(distinct):
            for mark in distinct[module]:
                modules_with[mark].append(module)
        shared = Counter(pair for modules in modules_with.values() for pair in combinations(modules, 2))
        for (left, right), count in shared.items():
            if count >= JOINING_COUNT and count >= JOINING_SHARE * min(len(distinct[left]), len(distinct[right])):
                first, second = sorted((root(left), root(right)))
                parent[second] = first
    return {module: root(module) for module in sorted(parent)}


def splits(family_of: Mapping[str, str], sizes: Mapping[str, int]) -> dict[str, str]:
    """The split of each family. `sizes` counts theorems by module.

    Families come in the order of their stable hash; test takes them until it has its share, then valid, and the rest
    is for training. A module counts for at most `LARGEST_MODULE_SHARE` of the test split's share.
    """
    total = sum(sizes.values())
    countable = LARGEST_MODULE_SHARE * TEST_SHARE * total
    full: Counter[str] = Counter()
    counted: Counter[str] = Counter()
    for module, size in sizes.items():
        full[family_of[module]] += size
        counted[family_of[module]] += min(size, int(countable))
    largest = LARGEST_HELD_OUT_SHARE * total
    small = sum(size for size in full.values() if size <= largest)
    for_test = min(TEST_SHARE * total, TEST_SHARE_OF_SMALL * small)
    for_valid = min(VALID_SHARE * total, VALID_SHARE_OF_SMALL * small)
    split_of: dict[str, str] = {}
    filled: Counter[str] = Counter()
    for family in sorted(full, key=stable_hash):
        if full[family] > largest:
            split = TRAIN
        elif filled[TEST] < for_test:
            split = TEST
        elif filled[VALID] < for_valid:
            split = VALID
        else:
            split = TRAIN
        split_of[family] = split
        filled[split] += counted[family]
    return split_of


def surplus(module_of: Mapping[str, str]) -> set[str]:
    """The theorems to leave out so that no module holds more than `LARGEST_MODULE_SHARE` of those that remain.

    `module_of` maps the theorems of the test split to their modules. Of a module that is too large, those last in the
    order of their stable hash go. With fewer than ten modules the share cannot be kept, and all modules end up equal.
    """
    kept = defaultdict(list)
    for name in sorted(module_of, key=stable_hash):
        kept[module_of[name]].append(name)
    dropped: set[str] = set()
    while kept:
        counts = {module: len(names) for module, names in kept.items()}
        largest = max(counts, key=lambda module: (counts[module], module))
        if counts[largest] <= max(LARGEST_MODULE_SHARE * sum(counts.values()), min(counts.values())):
            break
        dropped.add(kept[largest].pop())
    return dropped
