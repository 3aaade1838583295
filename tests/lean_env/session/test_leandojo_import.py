"""Importing our LeanDojo types must not do what importing lean_dojo does: log in, read .env, need git, talk."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[3]

SPY = """
import os, socket, sys
def refuse(*args, **kwargs):
    sys.exit("the import reached for the network: %r" % (args[1:],))
socket.socket.connect = socket.getaddrinfo = socket.create_connection = refuse
before = dict(os.environ)
import lean_env.session.leandojo
changed = {name for name in before.keys() | os.environ.keys() if before.get(name) != os.environ.get(name)}
print("changed:", sorted(changed))
import lean_dojo.constants, lean_dojo.data_extraction.lean
print("remote cache off:", lean_dojo.constants.DISABLE_REMOTE_CACHE)
print("token:", lean_dojo.data_extraction.lean.GITHUB_ACCESS_TOKEN)
import dotenv
print("dotenv works again:", dotenv.load_dotenv(dotenv_path=".env"), os.environ["FROM_DOTENV"])
"""


#: Another process makes each folder between the question whether it is there and the answer to make it.
OVERTAKEN = """
import os, pathlib
mkdir = pathlib.Path.mkdir
def overtaken(self, *args, **kwargs):
    os.makedirs(self, exist_ok=True)
    mkdir(self, *args, **kwargs)
pathlib.Path.mkdir = overtaken
import lean_env.session.leandojo
"""


def run(code: str, home: Path, path: str) -> subprocess.CompletedProcess[str]:
    environment = {
        "PATH": path,
        "HOME": str(home),
        "FLYWHEEL_CACHE": str(home / "cache"),
        "PYTHONPATH": str(REPOSITORY),
        "GITHUB_ACCESS_TOKEN": "not-a-token",
    }
    command = [sys.executable, "-c", code]
    return subprocess.run(command, env=environment, cwd=home, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.parametrize("path", ["/usr/bin:/bin", "/nonexistent"], ids=["with_git", "without_git"])
def test_the_import_is_quiet_and_local(tmp_path: Path, path: str) -> None:
    (tmp_path / ".env").write_text("FROM_DOTENV=1\n")
    done = run(SPY, tmp_path, path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "changed: []",
        "remote cache off: True",
        "token: None",
        "dotenv works again: True 1",
    ]
    assert done.stderr == ""
    assert sorted(entry.name for entry in tmp_path.iterdir()) == [".env", "cache"]


def test_two_first_imports_at_once_do_not_disturb_each_other(tmp_path: Path) -> None:
    done = run(OVERTAKEN, tmp_path, "/usr/bin:/bin")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "cache" / "leandojo").is_dir()


def test_the_types_are_leandojos_own() -> None:
    import lean_dojo

    from lean_env.session import leandojo

    assert leandojo.TacticState is lean_dojo.TacticState
    assert leandojo.DojoCrashError is lean_dojo.DojoCrashError
