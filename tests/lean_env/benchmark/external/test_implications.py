"""Rows that ask whether one law implies another: both theorems of each, or a sentence that says why there are none."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lean_env.benchmark.external.implications import implication_rows, is_implication
from lean_env.benchmark.external.reading import Format, read_benchmark
from lean_env.benchmark.lean_magma.laws import law

# The fields of SAIR's challenge rows, with laws and answer of our own choice.
ROW = {
    "id": "hard_0001",
    "index": 1,
    "difficulty": "hard",
    "eq1_id": 43,
    "eq2_id": 4512,
    "equation1": "x * y = y * x",
    "equation2": "x * (y * z) = (x * y) * z",
    "answer": False,
}


def _only(**changes: object) -> str:
    """What a row is refused for."""
    value = {key: value for key, value in {**ROW, **changes}.items() if value != "absent"}
    (row,) = implication_rows(value, "file:1", "test")
    return row.objection


def test_a_file_of_rows_is_told_by_its_fields(tmp_path: Path) -> None:
    file = tmp_path / "hard.jsonl"
    second = {"eq1_id": 2, "eq2_id": 46, "answer": "true"}
    file.write_text(f"{json.dumps(ROW)}\n{json.dumps(second)}\n{json.dumps({**ROW, 'eq1_id': 4})}\n")
    reading = read_benchmark(file)
    assert reading.format is Format.JSONL
    assert len({row.name for row in reading.rows}) == len(reading.rows) == 5
    first, denial, *_ = reading.rows
    assert first.statement == (
        "(G : Type) (op : G → G → G) (h : ∀ x y : G, op x y = op y x) (a b c : G) : op a (op b c) = op (op a b) c"
    )
    assert denial.conclusion.startswith("¬ ∀ (G : Type)")
    assert (first.extra["label"], denial.extra["label"]) == ("false", "true")
    assert (first.extra["hypothesis"], first.extra["conclusion"]) == ("43", "4512")
    assert [row.extra["label"] for row in reading.rows[2:4]] == ["true", "false"]
    assert "is law 43, and the row calls it 4" in reading.rows[4].objection


@given(st.integers(1, 4694), st.integers(1, 4694))
def test_texts_and_numbers_say_the_same(left: int, right: int) -> None:
    numbers = {"eq1_id": left, "eq2_id": right}
    texts = {"equation1": law(left).text("*"), "equation2": law(right).text()}
    by_number, by_text, by_digits = (
        implication_rows({"id": "one", **value}, "file:1", "test")
        for value in (numbers, texts, {"equation1": str(left), "equation2": right})
    )
    assert [row.statement for row in by_number] == [row.statement for row in by_text]
    assert [row.statement for row in by_digits] == [row.statement for row in by_text]
    assert not any(row.objection for row in by_number)
    assert "label" not in by_number[0].extra


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"eq1_id": 0, "equation1": ""}, "no law 0"),
        ({"eq2_id": 4695, "equation2": "absent"}, "no law 4695"),
        ({"eq1_id": "forty", "equation1": "absent"}, "'forty' is no number of a law"),
        ({"eq1_id": True, "equation1": "absent"}, "True is no number"),
        ({"equation1": "absent", "eq1_id": None}, "equation1 is missing"),
        ({"equation1": "x + y = y + x"}, "stands in no law"),
        ({"equation2": ["x"]}, "stands in no law|no equation"),
        ({"equation1": "x * y = x * y", "eq1_id": None}, "both sides are the same"),
        ({"answer": "perhaps"}, "neither true nor false"),
        ({"answer": True}, "its label is true, but the table"),
        ({"counterexample": [[0, 1], [1]]}, "as many columns as rows"),
        ({"counterexample": [[0, 3], [1, 0]]}, "entries from 0 to 1, not 3"),
        ({"counterexample": "01"}, "a table is a list of rows"),
        ({"counterexample": [[0, 0], [1, 1]]}, "does not refute"),
        ({"counterexample": [[0, 0], [0, 0]]}, "does not refute"),
        ({"counterexample": [[1, 1], [1, 0]], "answer": True}, "its own table"),
    ],
)
def test_a_row_that_cannot_be_used_says_why(changes: dict[str, object], reason: str) -> None:
    assert re.search(reason, _only(**changes))


def test_a_right_counterexample_is_no_objection() -> None:
    assert not [row for row in implication_rows({**ROW, "table": [[1, 1], [1, 0]]}, "f:1", "test") if row.objection]


def test_other_rows_are_not_taken_for_implications() -> None:
    assert not is_implication({"equation1": "x = x", "formal_statement": "theorem t : True"})
    assert not is_implication(["equation1", "equation2"])
    assert is_implication({"eq1_id": 1, "eq2_id": 2}) and is_implication({"equation1": "x = y", "eq2_id": 2})
