"""The sandbox, with ordinary programs that try what a hostile tactic could: each does it outside, and fails inside.

Where bubblewrap does not work there is nothing to try, and the same tests show that such a machine is refused.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lean_env.native.errors import NativeUnavailable
from lean_env.native.sandbox import confined, find_bubblewrap, unconfined
from tests.lean_env.native.conftest import PYTHON

INTERPRETER = str(Path(sys._base_executable).resolve())

#: Programs that print DONE where they get what they want. `root` is shown to them; `home` is not.
ATTACKS = {
    "write_to_the_repository": "open(root + '/written', 'w').write('x')",
    "delete_in_the_repository": "os.remove(root + '/file')",
    "read_another_folder": "open(home + '/secret').read()",
    "connect_to_loopback": "socket.create_connection(('127.0.0.1', port), 5)",
    "connect_to_an_abstract_socket": "socket.socket(socket.AF_UNIX).connect(f'\\0flywheel-{port}')",
    "read_its_environment": "os.environ['API_TOKEN']",
    "read_the_environment_of_others": (
        "assert any(b'hunter' in read(f'/proc/{pid}/environ') for pid in os.listdir('/proc') if pid.isdigit())"
    ),
    "see_other_processes": (
        "assert any(b'987' + b'65' in read(f'/proc/{pid}/cmdline') for pid in os.listdir('/proc') if pid.isdigit())"
    ),
    "write_to_shared_memory": "open('/dev/shm/flywheel-test', 'w').close(); os.remove('/dev/shm/flywheel-test')",
}
_PROLOGUE = """
import os, socket, sys
root, home, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
def read(file):
    try:
        return open(file, 'rb').read()
    except OSError:
        return b''
print('RAN', flush=True)
"""


@pytest.fixture(scope="module")
def outside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    """What there is to attack: a shown folder, one that is not, two listening sockets, a process with a mark."""
    root, home = tmp_path_factory.mktemp("root"), tmp_path_factory.mktemp("home")
    (home / "secret").write_text("hunter2", encoding="utf-8")
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.socket(socket.AF_UNIX) as abstract,
        subprocess.Popen(["/bin/sleep", "98765"]) as process,
    ):
        port = server.getsockname()[1]
        abstract.bind(f"\0flywheel-{port}")
        abstract.listen()
        yield [str(root), str(home), str(port)]
        process.kill()


def run(command: list[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False).stdout


@pytest.mark.parametrize("name", ATTACKS)
def test_what_works_outside_fails_inside(
    name: str, bubblewrap: Path | None, outside: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("API_TOKEN", "hunter2")
    root = Path(outside[0])
    (root / "file").write_text("x", encoding="utf-8")
    program = f"{_PROLOGUE}\n{ATTACKS[name]}\nprint('DONE')"
    command = [INTERPRETER, "-I", "-c", program, *outside]
    assert run(command).split() == ["RAN", "DONE"]
    (root / "file").write_text("x", encoding="utf-8")
    (root / "written").unlink(missing_ok=True)
    if bubblewrap is None:
        with pytest.raises(NativeUnavailable, match="--i-trust-this-model"):
            find_bubblewrap()
        return
    assert run(confined(command, bubblewrap, [PYTHON, root])).split() == ["RAN"]
    assert [file.name for file in root.iterdir()] == ["file"]


@pytest.mark.parametrize(
    "program",
    [
        "echo x > /new",
        "/usr/bin/unshare --user /bin/true",
        "head -c 100000000 /dev/zero > /tmp/x",
        "mount -t tmpfs x /tmp",
    ],
)
def test_there_is_no_room_and_no_further_namespace(program: str, bubblewrap: Path | None) -> None:
    if bubblewrap is None:
        with pytest.raises(NativeUnavailable):
            find_bubblewrap()
        return
    said = run(confined(["/bin/sh", "-c", f"echo x > $HOME/mine && echo RAN; {program} && echo DONE"], bubblewrap))
    assert said.split() == ["RAN"]


def test_variables_are_those_given(bubblewrap: Path | None) -> None:
    given = {"LEAN_PATH": "/a:/b"}
    command = confined(["/usr/bin/env"], bubblewrap, (), given) if bubblewrap else unconfined(["/usr/bin/env"], given)
    seen = dict(line.split("=", 1) for line in run(command).splitlines())
    seen.pop("PWD", None)
    assert seen == (given | {"HOME": "/tmp"} if bubblewrap else given)


@pytest.mark.parametrize("victim", ["bubblewrap", "its parent"])
def test_nothing_outlives_it(victim: str, bubblewrap: Path | None) -> None:
    """A process that detached itself holds stdout; it is closed when that process is gone."""
    if bubblewrap is None:
        with pytest.raises(NativeUnavailable):
            find_bubblewrap()
        return
    command = confined(["/bin/sh", "-c", "setsid sleep 300 & echo RAN; sleep 300"], bubblewrap)
    if victim == "its parent":
        command = [sys.executable, "-c", f"import subprocess; subprocess.run({command!r})"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stdout.readline() == b"RAN\n"
        started = time.monotonic()
        os.kill(process.pid, signal.SIGKILL)
        assert process.stdout.read() == b"" and time.monotonic() - started < 10


def test_the_command_line() -> None:
    command = confined(["/r/repl", "x y"], Path("/usr/bin/bwrap"), [Path("/a b")], {"LEAN_PATH": "/l"})
    assert command[:3] == ["/usr/bin/env", "-i", "/usr/bin/bwrap"]
    assert command[-3:] == ["--", "/r/repl", "x y"]
    text = " ".join(command)
    for wanted in (
        *("--unshare-all", "--unshare-user", "--disable-userns", "--cap-drop ALL", "--clearenv", "--new-session"),
        *("--die-with-parent", "--setenv LEAN_PATH /l", "--setenv HOME /tmp", "--ro-bind /a b /a b"),
    ):
        assert wanted in text
    assert not {"--share-net", "--bind", "--dev-bind", "--bind-try"} & set(command)
    assert text.index("--ro-bind /a b") < text.index("--remount-ro /dev --remount-ro / --")


def test_without_bubblewrap_native_lean_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NativeUnavailable, match=r"apt install bubblewrap.*--i-trust-this-model"):
        find_bubblewrap()
    broken = tmp_path / "bwrap"
    broken.write_text("#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2; exit 1\n", encoding="utf-8")
    broken.chmod(0o755)
    with pytest.raises(NativeUnavailable, match=r"No permissions to create new namespace.*--i-trust-this-model"):
        find_bubblewrap()
