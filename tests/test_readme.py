"""Every command in the README works: it is run here for real, or at least understood by the command line.

Three kinds, and a command that is none of them fails the test:

- RUN takes seconds. These run in the order of the README, in one folder, after the Python loop has made a corpus there.
  That loop is the README's own text. Settings in the environment make it small.
- LONG takes minutes, and runs with `make test-long`.
- PARSED is given to the command line, which checks every option and value and then does not start. The reason stands
  beside each. `make` commands are asked what they would do (`make -n`): running them would run this test again.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from prover.cli.main import app
from prover.cli.main import run as flywheel
from prover.cli.output import DONE

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)

RUN = (
    "flywheel prove 'theorem t (a b : Nat) : a + b = b + a'",
    "flywheel prove Basic.lean",
    "flywheel corpus stats",
    "flywheel corpus list --tactic induction",
    "flywheel corpus show 1",
    'flywheel corpus search "List.map"',
    "flywheel corpus verify",
    "flywheel corpus export --to proofs --format jsonl",
    "flywheel corpus snapshot create",
)
LONG = (
    "flywheel bench load problems.jsonl --name mine",
    "flywheel setup",
    "flywheel round --name first",
    "flywheel train --name first",
    "flywheel eval --name first --bench external/mine --split test",
)
PARSED = {
    "make demo": "downloads an environment and runs for minutes",
    "make test": "would run this test again",
    "flywheel eval --name first --split test --theorems 200 --steps 128": "takes an hour with a real run",
    "flywheel train --snapshot 3f2a --out model": "wants a hash of the reader's; tests/training has one",
    "flywheel serve": "serves until Ctrl-C; its own tests open the pages in a real browser",
    "flywheel dojo env --trace my-repo -- python script.py": "wants a git repository; tests/lean_env/shim does it",
    "flywheel prove '(x : ℝ) : 0 ≤ x ^ 2' --toolchain native --repo my-project": "wants elan and a built Mathlib",
}

#: The smallest loop that goes through all of its parts.
SMALL = {
    "FLYWHEEL_GENERATIONS": "0",
    "FLYWHEEL_SEED_PROOFS": "false",
    "FLYWHEEL_EASY_THEOREMS": "6",
    "FLYWHEEL_GRAMMAR_THEOREMS": "4",
    "FLYWHEEL_GRAMMAR_STEPS": "4",
    "FLYWHEEL_ROUND__THEOREMS": "6",
    "FLYWHEEL_ROUND__STEPS": "6",
    "FLYWHEEL_ROUND__CANARIES": "1",
    "FLYWHEEL_EVALUATION__THEOREMS": "2",
    "FLYWHEEL_EVALUATION__STEPS": "4",
    "FLYWHEEL_TRAIN__EPOCHS": "1",
    "FLYWHEEL_WORKERS": "1",
}
BASIC = "theorem swap (p q : Prop) (h : p ∧ q) : q ∧ p := by\n  sorry\n"
PROBLEMS = ({"name": "one", "formal_statement": "theorem one : 1 + 1 = 2"},)


def commands() -> list[str]:
    """The lines of the README's shell blocks, without what is said beside them."""
    lines = [line for language, block in BLOCKS if language == "sh" for line in block.splitlines()]
    return [re.sub(r"\s+#.*", "", line) for line in lines if line.strip()]


def python() -> list[str]:
    return [block for language, block in BLOCKS if language == "python"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A user's folder in which the README's loop has run."""
    folder = tmp_path_factory.mktemp("readme")
    (folder / "Basic.lean").write_text(BASIC, encoding="utf-8")
    (folder / "problems.jsonl").write_text("".join(json.dumps(row) + "\n" for row in PROBLEMS), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for name in [name for name in os.environ if name.startswith("FLYWHEEL_") and name != "FLYWHEEL_CACHE"]:
            patch.delenv(name)
        for name, value in SMALL.items():
            patch.setenv(name, value)
        (snippet,) = python()
        exec(compile(snippet, "README.md", "exec"), {})
        yield folder


def run(command: str, capsys: pytest.CaptureFixture[str]) -> str:
    """What a `flywheel` command prints. It has to succeed."""
    code = flywheel(shlex.split(command)[1:])
    said = capsys.readouterr()
    assert code == DONE, f"{command}\n{said.out}\n{said.err}"
    return said.out


def test_every_command_is_of_one_kind() -> None:
    told = commands()
    assert len(told) == len(set(told)) and told
    assert set(told) == {*RUN, *LONG, *PARSED}
    assert not {language for language, _ in BLOCKS} - {"sh", "python"}


@pytest.mark.timeout(900)
def test_the_loop_and_the_commands_of_seconds_run(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert (folder / "flywheel-home" / "corpus.db").is_file()
    said = {command: run(command, capsys) for command in commands() if command in RUN}
    assert "theorem t (a b : Nat) : a + b = b + a := by" in said[RUN[0]]
    assert "+++" in said["flywheel prove Basic.lean"] and "-  sorry" in said["flywheel prove Basic.lean"]
    assert all(said.values()), "a command says nothing"


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_the_commands_of_minutes_run(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert (folder / "flywheel-home" / "corpus.db").is_file()
    for command in commands():
        if command in LONG:
            run(command, capsys)


def understand(command: str) -> None:
    """Has the command line check every word of a `flywheel` command, and start nothing. Raises what it says."""
    found, words = typer.main.get_command(app), shlex.split(command)[1:]
    while subcommands := getattr(found, "commands", None):
        found, words = subcommands[words[0]], words[1:]
    found.make_context(found.name, list(words))


@pytest.mark.parametrize("command", commands())
def test_every_command_is_understood(command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "my-repo").mkdir()
    monkeypatch.chdir(tmp_path)
    if command.startswith("make "):
        asked = subprocess.run(["make", "-n", *shlex.split(command)[1:]], cwd=ROOT, capture_output=True, check=False)
        assert asked.returncode == 0, asked.stderr.decode()
    else:
        understand(command)


def test_what_is_not_there_is_not_understood() -> None:
    with pytest.raises(Exception, match="No such option"):
        understand("flywheel train --no-such-option 1")
    with pytest.raises(Exception, match="valid integer"):
        understand("flywheel corpus list --limit one")
    with pytest.raises(KeyError):
        understand("flywheel no-such-verb")


def test_it_is_short() -> None:
    assert len(README.splitlines()) <= 130 and len(README.split()) <= 900


def anchors(page: Path) -> set[str]:
    """Of a page's headings, as a host of Markdown pages makes them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize(
    "page",
    [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "results").rglob("*.md")],
    ids=lambda page: str(page.relative_to(ROOT)),
)
def test_what_a_page_links_to_is_there(page: Path) -> None:
    linked = re.findall(r"\]\(([^)#:]*)(?:#([^)]*))?\)", page.read_text(encoding="utf-8"))
    there = [(page.parent / path if path else page, anchor) for path, anchor in linked]
    assert not [path for path, anchor in there if not path.exists()]
    assert not [anchor for path, anchor in there if anchor and anchor not in anchors(path)]
