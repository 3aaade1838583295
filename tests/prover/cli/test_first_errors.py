"""What a new user runs into: nothing installed, no such model, a full disk, a file in the way. One line each."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

from corpus.store import Corpus
from prover.cli.main import run
from prover.cli.output import CANNOT_START, DONE, FAILED


def one_line(capsys: pytest.CaptureFixture[str]) -> str:
    error = capsys.readouterr().err
    assert "Traceback" not in error and len(error.splitlines()) == 1, error
    return error


@pytest.mark.parametrize(
    "arguments",
    [["prove", "1 = 1"], ["prove", "A.lean"], ["run"], ["round"], ["experiment"], ["eval"]],
    ids=" ".join,
)
def test_without_a_setup_each_command_names_it(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FLYWHEEL_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    Path("A.lean").write_text("example : 1 = 1 := by sorry\n", encoding="utf-8")
    assert run(arguments) == CANNOT_START
    assert "Run `flywheel setup`" in one_line(capsys)


def test_a_model_that_is_not_there_is_named_with_the_one_that_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "models" / "M_1").mkdir(parents=True)
    (tmp_path / "models" / "M_1" / "meta.json").touch()
    assert run(["prove", "1 = 1", "--model", "models/M_11"]) == CANNOT_START
    assert "there is no such folder" in (said := one_line(capsys)) and "did you mean models/M_1?" in said
    assert run(["prove", "1 = 1", "--model", "models"]) == CANNOT_START
    assert "neither a trained generation (meta.json)" in one_line(capsys)
    assert run(["prove", "1 = 1", "--model", "no/such/name at all"]) == CANNOT_START
    assert "there is no such folder" in one_line(capsys)


def test_a_full_disk_under_the_output(tmp_path: Path) -> None:
    code = "from prover.cli.main import main; main()"
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        done = subprocess.run(
            [sys.executable, "-c", code, "bench", "list", "--home", str(tmp_path)],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == FAILED and len(done.stderr.splitlines()) == 1
    assert "no space left on the disk" in done.stderr


@contextmanager
def full_databases() -> Iterator[None]:
    """SQLite finds the disk full at the next page: the limit is SQLite's own, and so is the error."""

    def limit(connection: sqlite3.Connection, _record: object) -> None:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {max(pages, 1)}")

    event.listen(Engine, "connect", limit)
    try:
        yield
    finally:
        event.remove(Engine, "connect", limit)


@pytest.mark.parametrize("before", [False, True], ids=["a new corpus", "one that grows"])
def test_a_full_disk_under_the_corpus(before: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "Mine.lean"
    page = "x" * 4096  # a literal costs Lean nothing to read
    file.write_text("".join(f'theorem t{n} : "{page}" ≠ "{n}" := by sorry\n' for n in range(30)), encoding="utf-8")
    if before:
        Corpus.open(str(tmp_path / "corpus.db"), create=True).close()
    with full_databases():
        assert run(["bench", "load", str(file), "--home", str(tmp_path)]) in (CANNOT_START, FAILED)
    said = capsys.readouterr().err
    assert "Traceback" not in said and said.splitlines()[-1].startswith("flywheel: ")
    assert "disk" in said and ("full" in said or "no space left" in said)


def test_a_file_where_the_home_should_be(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "home").touch()
    assert run(["run", "--home", str(tmp_path / "home")]) != DONE
    assert "there is a file in the way" in one_line(capsys)
