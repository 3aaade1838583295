"""How a native Lean is started: in bubblewrap, seeing its libraries and nothing else of the machine.

Text that Lean elaborates is a program with the rights of its process: a tactic can read files, write them, spawn and
connect. In the sandbox there is nothing to reach:

- no network, not even loopback, and no other processes
- no files to read but the system's libraries and the folders named
- nothing to write but a /tmp of its own, in memory, which is HOME
- none of the user's environment variables

What is left is the kernel's own interface, and time and memory within the caller's limits.
"""

from __future__ import annotations

import shlex
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from lean_env.native.errors import NativeUnavailable

#: Bytes that /tmp may hold.
_SCRATCH = 64 << 20
#: What an executable needs in order to start. Where /lib is a link into /usr, it stays one.
_SYSTEM = ("/usr", "/lib", "/lib32", "/lib64", "/bin", "/sbin")
_TRUST = "--i-trust-this-model runs it with all your rights"


def find_bubblewrap() -> Path:
    """`bwrap`, tried out: it has just run a program in this very sandbox. Raises NativeUnavailable."""
    found = shutil.which("bwrap")
    if found is None:
        raise NativeUnavailable(
            "Native Lean runs whatever a proof tells it to, and bubblewrap, which would contain it, is not installed "
            f"(on Debian: apt install bubblewrap; Linux only). {_TRUST}"
        )
    bubblewrap = Path(found).resolve()
    trial = confined(["/usr/bin/env"], bubblewrap)
    try:
        done = subprocess.run(trial, capture_output=True, text=True, timeout=30, check=False)
        said = done.stderr.strip() or f"exit code {done.returncode}"
        works = done.returncode == 0
    except (OSError, subprocess.TimeoutExpired) as error:
        said, works = str(error), False
    if not works:
        raise NativeUnavailable(
            f"bubblewrap does not work here ({said}): it has to be version 0.8 or later, and the system has to allow "
            f"user namespaces. {_TRUST}"
        )
    return bubblewrap


def confined(
    command: Sequence[str],
    bubblewrap: Path,
    readable: Sequence[Path] = (),
    environment: Mapping[str, str] | None = None,
) -> list[str]:
    """The command line that runs `command` in the sandbox, its folders `readable` at their own places, read-only.

    Killing the process ends everything inside. bubblewrap itself is started with an empty environment: it stays as
    process 1, whose /proc/1/environ can be read inside.
    """
    sandbox = [str(bubblewrap), "--unshare-all", "--unshare-user", "--disable-userns", "--cap-drop", "ALL"]
    sandbox += ["--die-with-parent", "--new-session", "--hostname", "sandbox", "--clearenv"]
    for name, value in {**(environment or {}), "HOME": "/tmp"}.items():
        sandbox += ["--setenv", name, value]
    sandbox += ["--proc", "/proc", "--dev", "/dev", "--size", str(_SCRATCH), "--tmpfs", "/tmp"]
    for folder in map(Path, _SYSTEM):
        if folder.is_symlink():
            sandbox += ["--symlink", str(folder.readlink()), str(folder)]
        elif folder.is_dir():
            sandbox += ["--ro-bind", str(folder), str(folder)]
    sandbox += ["--ro-bind-try", "/etc/ld.so.cache", "/etc/ld.so.cache"]
    for folder in readable:
        sandbox += ["--ro-bind", str(folder), str(folder)]
    # Last, because every bind above makes folders: / and /dev are in memory, and have no size of their own.
    sandbox += ["--chdir", "/tmp", "--remount-ro", "/dev", "--remount-ro", "/", "--"]
    return ["/usr/bin/env", "-i", *sandbox, *command]


def unconfined(command: Sequence[str], environment: Mapping[str, str]) -> list[str]:
    """The command line for those who trust the model: a clean environment, and nothing else."""
    return ["/usr/bin/env", "-i", *(f"{name}={value}" for name, value in environment.items()), *command]


def write_launcher(file: Path, command: Sequence[str], before: str = "", arguments: str = "") -> None:
    """An executable at `file` that becomes `command`. `before`: shell text that runs first; `arguments`: shell words
    behind the command, `"$@"` for the executable's own, which are dropped otherwise."""
    file.write_text(f"#!/bin/sh\n{before}\nexec {shlex.join(command)} {arguments}\n", encoding="utf-8")
    file.chmod(0o700)
