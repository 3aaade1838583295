"""leanprover-community/repl as a process: lean-interact's client, with our own command line behind the name of lake.

lean-interact starts `LAKE env REPL` in the project's folder. Here its LAKE is a launcher that runs the repl in the
sandbox, with the library path that `lake env` would have set. lake itself would run the repository's lakefile.
"""

from __future__ import annotations

import contextlib
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, cast

import psutil

from lean_env.limits import LONGEST_ANSWER
from lean_env.native.backend import MEMORY_MB
from lean_env.native.errors import NativeUnavailable
from lean_env.native.interact import LeanREPLConfig, LeanServer, LocalProject
from lean_env.native.project import Project, named_release
from lean_env.native.sandbox import confined, unconfined, write_launcher
from lean_env.paths import native_repl

#: Characters of what a dead process left on stderr.
_LAST_WORDS = 4_000
#: lean-interact's repl begins with this minor version.
_OLDEST = 8
_BINARY = Path(".lake", "build", "bin", "repl")


def find_repl(project: Project, folder: Path | None = None) -> Path:
    """The executable of a built repl for the project's Lean.

    It is that of the checkout in `folder`, or of lean-interact's own, which is cloned and built in our cache. That
    needs git, elan's lake and, the first time, a network.

    Upstream's code and nothing else runs for it, outside the sandbox. Raises NativeUnavailable.
    """
    if project.minor < _OLDEST:
        raise NativeUnavailable(
            f"{project.root} is on Lean {project.version}, and the repl, which reads files, begins at v4.{_OLDEST}.0. "
            "Single statements go through LeanDojo there"
        )
    if folder is None:
        cache = native_repl()
        cache.mkdir(parents=True, exist_ok=True)
        lake = project.toolchain / "bin" / "lake"
        try:
            built = LeanREPLConfig(lean_version=project.version, cache_dir=cache, lake_path=lake)
        except Exception as error:  # git's, lake's and its own
            raise NativeUnavailable(
                f"lean-interact could not build the repl for Lean {project.version}: {error}. With a checkout of "
                "leanprover-community/repl that you built with this Lean: --repl FOLDER"
            ) from error
        folder = Path(built.cache_repl_dir)
    elif (release := named_release(folder)) != project.version:
        raise NativeUnavailable(
            f"the repl in {folder} is for Lean {release or 'of no release'}; the repository is on {project.version}"
        )
    executable = folder.resolve() / _BINARY
    if not executable.is_file():
        raise NativeUnavailable(f"{executable} is missing: cd {folder} && lake build")
    return executable


class ReplServer(LeanServer):
    """lean-interact's client; what the process writes is bounded, and its end is never waited for while it lives."""

    def start(self) -> None:
        super().start()
        assert self._proc is not None and self._proc.stdout is not None and self._proc.stderr is not None
        self._answers = _Bounded(self._proc.stdout)
        self._proc.stdout = cast(IO[str], self._answers)
        self._proc.stderr = cast(IO[str], _Bounded(self._proc.stderr))

    def kill(self) -> None:
        # Not upstream's: that asks first and waits a second, which a sandbox's process 1 never hears, and then collects
        # garbage for another. The outermost process goes last, for it buries the others.
        running = self._proc
        if running is None:
            return
        with contextlib.suppress(psutil.Error, subprocess.TimeoutExpired):
            inside = psutil.Process(running.pid).children(recursive=True)
            for process in inside:
                with contextlib.suppress(psutil.Error):
                    process.kill()
            running.wait(timeout=1 if inside else 0)
        running.kill()
        running.wait()
        for pipe in (running.stdin, running.stdout, running.stderr):
            if pipe is not None:
                with contextlib.suppress(OSError):  # what it did not read is lost
                    pipe.close()
        self._proc = None

    def get_stdout_stderr(self) -> tuple[str, str]:
        # Upstream reads both pipes to their ends, which a process that closed one of them never sends.
        if self._proc is not None:
            self._proc.kill()
        return super().get_stdout_stderr()

    def _execute_cmd_in_repl(self, json_query: str, verbose: bool, timeout: float | None) -> str:
        self._answers.left = LONGEST_ANSWER
        return super()._execute_cmd_in_repl(json_query, verbose, timeout)

    def _parse_repl_output(self, raw_output: str, verbose: bool) -> dict[str, Any]:
        parsed = super()._parse_repl_output(raw_output, verbose)
        if not isinstance(parsed, dict):
            raise ValueError(f"no JSON object: {raw_output[:100]}")
        return parsed


class _Bounded:
    """A pipe that ends after `left` characters."""

    def __init__(self, pipe: IO[str]) -> None:
        self._pipe = pipe
        self.left = LONGEST_ANSWER

    def readline(self) -> str:
        line = self._pipe.readline(self.left)
        self.left -= len(line)
        return line

    def read(self) -> str:
        return self._pipe.read(_LAST_WORDS)

    def close(self) -> None:
        self._pipe.close()


@contextlib.contextmanager
def repl_config(
    project: Project, repl: Path, bubblewrap: Path | None, readable: tuple[Path, ...] = ()
) -> Iterator[Any]:
    """What a ReplServer needs, for as many of them as wanted; the launcher is gone afterwards. `bubblewrap` None: not
    confined. `readable`: further folders that the sandbox shows."""
    with tempfile.TemporaryDirectory(prefix="lean-flywheel-") as folder:
        if bubblewrap is None:
            command = unconfined([str(repl)], project.environment | {"HOME": folder})
        else:
            shown = (project.toolchain, *project.libraries, repl.parent, *readable)
            command = confined([str(repl)], bubblewrap, shown, project.environment)
        launcher = Path(folder, "lake")
        write_launcher(launcher, command)
        yield LeanREPLConfig(
            project=LocalProject(directory=project.root, auto_build=False),
            local_repl_path=repl.parents[3],
            build_repl=False,
            lake_path=launcher,
            memory_hard_limit_mb=MEMORY_MB,
            # Fields of its own dialect, which upstream's repl does not know.
            enable_incremental_optimization=False,
            enable_parallel_elaboration=False,
        )
