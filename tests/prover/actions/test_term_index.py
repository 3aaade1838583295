"""The index of terms: bm25s's sums, kept in a file that is never of other theorems and never half written."""

from __future__ import annotations

import random
from pathlib import Path

import bm25s
import numpy as np
import pytest

from lean_env.theorem import Environment
from prover.actions import retrieval
from prover.actions.retrieval import PremiseIndex, Retriever
from prover.actions.term_index import K1, B, TermIndex, key_of
from prover.goal import parse_goal

LISTS = Environment(("Init.Data.List.Lemmas",))
GOAL = parse_goal("xs ys : List Nat\n⊢ List.length (xs ++ ys) = List.length xs + List.length ys")
ROWS = {
    "List.length_append": "∀ {α : Type u} {as bs : List α}, List.length (as ++ bs) = List.length as + List.length bs",
    "Nat.add_comm": "∀ (n m : Nat), n + m = m + n",
    "List.map_id": "∀ {α : Type u} (l : List α), List.map id l = l",
}


def documents(seed: int, count: int = 200) -> list[list[str]]:
    draw = random.Random(seed)
    words = [f"w{number}" for number in range(60)]
    return [draw.choices(words, k=draw.randint(1, 12)) for _ in range(count)]


@pytest.mark.parametrize("seed", range(3))
def test_the_sums_are_those_of_bm25s_bit_for_bit(seed: int) -> None:
    texts = documents(seed)
    theirs = bm25s.BM25(k1=K1, b=B)
    theirs.index(texts, show_progress=False)
    ours = TermIndex.of(texts)
    for query in documents(seed + 100, 20):
        terms = sorted({*query, "unknown"})
        assert np.array_equal(ours.scores(terms), theirs.get_scores_from_ids(theirs.get_tokens_ids(terms)))


def test_what_is_loaded_scores_as_what_was_saved(tmp_path: Path) -> None:
    made = TermIndex.of(documents(1))
    made.save(tmp_path / "index.npz")
    loaded = TermIndex.load(tmp_path / "index.npz")
    assert loaded is not None
    for query in documents(2, 20):
        assert np.array_equal(loaded.scores(query), made.scores(query))
    assert [file.name for file in tmp_path.iterdir()] == ["index.npz"]
    assert TermIndex.of([]).scores(["w1"]).shape == (0,)


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04", b"no archive", None], ids=["empty", "head", "text", "bit"])
def test_a_damaged_file_is_no_index(damage: bytes | None, tmp_path: Path) -> None:
    file = tmp_path / "index.npz"
    TermIndex.of(documents(1)).save(file)
    if damage is None:
        content = bytearray(file.read_bytes())
        content[len(content) // 2] ^= 1
        damage = bytes(content)
    file.write_bytes(damage)
    assert TermIndex.load(file) is None
    assert TermIndex.load(tmp_path / "absent.npz") is None


def retriever(folder: Path | None, said: list[str], rows: dict[str, str] = ROWS) -> Retriever:
    index = PremiseIndex([*rows], ["M"] * len(rows), [*rows.values()])
    return Retriever(index, lambda _: frozenset({"M"}), folder, said.append)


def test_it_is_made_when_first_needed_said_and_kept(tmp_path: Path) -> None:
    said: list[str] = []
    first = retriever(tmp_path, said)
    assert not said and not [*tmp_path.iterdir()], "not before it is asked for"
    found = first.premises(LISTS, GOAL)
    assert found[0].name == "List.length_append" and len(said) == 1 and len([*tmp_path.iterdir()]) == 1
    assert retriever(tmp_path, said).premises(LISTS, GOAL) == found == retriever(None, []).premises(LISTS, GOAL)
    assert len(said) == 1, "loaded, not made again"
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:-100])
    assert retriever(tmp_path, said).premises(LISTS, GOAL) == found and len(said) == 2, "damaged: made again"
    assert retriever(tmp_path, said).premises(LISTS, GOAL) == found and len(said) == 2


def test_an_index_of_other_theorems_is_not_used(tmp_path: Path) -> None:
    said: list[str] = []
    retriever(tmp_path, said).premises(LISTS, GOAL)
    other = {**ROWS, "Nat.add_comm": ROWS["List.length_append"]}  # same names, another statement
    names = {premise.name for premise in retriever(tmp_path, said, other).premises(LISTS, GOAL)[:2]}
    assert names == {"List.length_append", "Nat.add_comm"} and len(said) == 2
    retriever(tmp_path, said, other).prepare()
    assert len(said) == 2 and len([*tmp_path.iterdir()]) == 1, "what others kept is gone"


def test_other_code_that_reads_the_theorems_is_another_key(tmp_path: Path) -> None:
    source = tmp_path / "retrieval.py"
    source.write_bytes(Path(retrieval.__file__).read_bytes())
    before = key_of(["a"], [source])
    assert key_of(["a"], [source]) == before != key_of(["b"], [source])
    source.write_text(source.read_text(encoding="utf-8") + "\n# changed\n", encoding="utf-8")
    assert key_of(["a"], [source]) != before


def test_where_nothing_can_be_written_it_is_made_all_the_same(tmp_path: Path) -> None:
    said: list[str] = []
    (tmp_path / "a file").touch()
    assert retriever(tmp_path / "a file", said).premises(LISTS, GOAL)[0].name == "List.length_append"
    assert len(said) == 1
