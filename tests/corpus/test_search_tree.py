"""Stored search trees: they come back as they went in, and what is no tree is refused."""

from __future__ import annotations

import json
import zlib
from dataclasses import replace

import pytest
from samples import attempt, fill, search_tree, start_round

from corpus import schema
from corpus.database import reading
from corpus.errors import CorpusError
from corpus.query import stats
from corpus.search_tree import MAX_BYTES, load_trees, pack, unpack


def test_a_tree_is_stored_with_its_attempt_and_comes_back(corpus):
    a, b, *_ = fill(corpus)["train"]
    round = start_round(corpus, [a, b])
    tree = search_tree(a)
    kept = corpus.record_attempt(round, replace(attempt(a), trees=(tree, tree)))
    without = corpus.record_attempt(round, attempt(b))
    with reading(corpus.engine) as session:
        assert load_trees(session, kept.attempt_id) == (tree, tree)
        assert load_trees(session, without.attempt_id) is None
        row = session.get_one(schema.SearchTree, kept.attempt_id)
        assert (row.states, row.steps) == (4, 8)
    sizes = stats(corpus).trees
    assert sizes.trees == 1 and 0 < sizes.stored < sizes.unpacked


def test_any_text_survives(corpus):
    tree = search_tree(fill(corpus)["train"][0])
    odd = replace(tree, states=(replace(tree.states[0], text="\ud800 \0 </script> 𝔽 ⊢ \u2028"), *tree.states[1:]))
    assert unpack(pack([odd]).data) == (odd,)


def spoil(change):
    tree = json.loads(zlib.decompress(pack([search_tree_plain()]).data))
    change(tree)
    return zlib.compress(json.dumps(tree).encode())


def search_tree_plain():
    from samples import theorem

    return search_tree(theorem("t"))


@pytest.mark.parametrize(
    "data",
    [
        b"no zlib",
        zlib.compress(b"no json"),
        zlib.compress(b" " * (MAX_BYTES + 1)),
        spoil(lambda t: t.update(format=99)),
        spoil(lambda t: t["trees"][0]["steps"][0].__setitem__(1, 7)),
        spoil(lambda t: t["trees"][0]["steps"][1].__setitem__(7, 1)),
        spoil(lambda t: t["trees"][0].update(solved=[44])),
        spoil(lambda t: t["trees"][0]["steps"].append([0])),
    ],
    ids=["noise", "text", "bomb", "format", "no such state", "a loop", "no such step", "short row"],
)
def test_what_is_no_tree_is_refused(data):
    with pytest.raises(CorpusError, match="search tree"):
        unpack(data)
