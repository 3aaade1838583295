"""A native Lean up to 4.11 through LeanDojo's own Dojo, whose REPL is a tactic that this Lean compiles and runs.

No repository is traced for it. The theorem's file and its syntax tree are written as for the shim
(`lean_env.shim.traced`). The `lake` that LeanDojo finds first on PATH is a launcher: it runs `lean` in the sandbox,
with the library path that `lake env` would have set.

From Lean 4.12 on, elaboration takes stdin and stdout away from tactics, so that this REPL cannot talk (LeanDojo's
issues 211 and 250).
"""

from __future__ import annotations

import contextlib
import re
import subprocess
import tempfile
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path

from lean_env.limits import LONGEST_ANSWER, Limits
from lean_env.native.backend import MEMORY_MB, OPENING_SECONDS, NativeLean, import_lines
from lean_env.native.errors import NativeUnavailable
from lean_env.native.project import Project
from lean_env.native.sandbox import confined, unconfined, write_launcher
from lean_env.session.elaborate import Message
from lean_env.session.leandojo import DojoCrashError, DojoInitError, TacticState
from lean_env.shim.backend import LeanDojoSession, TunedDojo, opened
from lean_env.shim.repository import own_repository, traced
from lean_env.shim.traced import TracedRepository
from lean_env.theorem import Environment, Theorem

import lean_dojo  # isort: skip

#: The last minor version whose tactics can talk.
LAST = 11

# A terminal as it comes cuts lines at 4,096 bytes, and a tactic may have as many.
_UNCUT = "stty -icanon min 1 time 0"
_ADDRESS_SPACE = f"ulimit -v {MEMORY_MB << 10}"
#: `lake env lean --threads=1 --memory=32768 FILE`, in the folder that FILE is in.
_LAKE_ARGUMENTS = '"$3" "$4" "$PWD/$5"'


class DojoLean(NativeLean):
    """`bubblewrap` None: for those who trust the model; nothing is confined then. `readable`: further folders that the
    sandbox shows. Raises NativeUnavailable where Lean does not compile LeanDojo's REPL, GitMissing."""

    def __init__(
        self, project: Project, bubblewrap: Path | None, limits: Limits | None = None, readable: tuple[Path, ...] = ()
    ) -> None:
        super().__init__(project, limits)
        with self._stack:
            folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="lean-flywheel-")))
            compiled, self._texts, self._bin = folder / "repl", folder / "texts", folder / "bin"
            for part in (compiled, self._texts, self._bin):
                part.mkdir()
            _compile_repl(project, compiled)
            self._repository = own_repository(folder)
            self._traced = TracedRepository(traced(self._repository))
            environment = project.environment
            environment["LEAN_PATH"] = f"{compiled}:{environment['LEAN_PATH']}"
            lean = str(project.toolchain / "bin" / "lean")
            shown = [project.toolchain, *project.libraries, compiled, self._texts, self._traced.root, *readable]
            if bubblewrap is None:
                self._lean = unconfined([lean], environment | {"HOME": str(folder)})
            else:
                self._lean = confined([lean], bubblewrap, shown, environment)
            write_launcher(self._bin / "lake", self._lean, f"{_UNCUT}; {_ADDRESS_SPACE}", _LAKE_ARGUMENTS)
            self._stack = self._stack.pop_all()

    @contextlib.contextmanager
    def _open(self, theorem: Theorem) -> Iterator[tuple[LeanDojoSession, TacticState]]:
        try:
            path, name = self._traced.add(theorem, self.head(theorem.environment))
        except ValueError as error:
            raise DojoInitError(f"`{theorem.name}` cannot go through LeanDojo: {error}") from error
        entry = lean_dojo.Theorem(self._repository, path, name)
        root, seconds = self._traced.root, self.step_seconds
        dojo = TunedDojo(entry, seconds, root, self._bin, opening=OPENING_SECONDS, ours=False)
        with opened(dojo, self.limits.max_tactic_bytes) as session:
            yield session

    def messages(self, environment: Environment, text: str) -> list[Message]:
        """Errors and warnings have their place. Of what Lean merely says only the order is known: it gets the place of
        the message before it, or line 0."""
        header = import_lines(environment)
        with (
            tempfile.NamedTemporaryFile("w", dir=self._texts, suffix=".lean", encoding="utf-8") as file,
            tempfile.TemporaryFile() as output,
        ):
            file.write(f"{header}{text}")
            file.flush()
            # The output's size is bounded as that of every file which the process writes, in blocks of 512 bytes.
            limits = f"{_ADDRESS_SPACE}; ulimit -f {LONGEST_ANSWER >> 9}"
            command = ["/bin/sh", "-c", f'{limits}; exec "$@"', "sh", *self._lean, file.name]
            try:
                ended = subprocess.run(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    timeout=OPENING_SECONDS,
                    check=False,
                ).returncode
            except (OSError, subprocess.TimeoutExpired) as error:
                raise DojoCrashError(f"Lean does not read the text: {error}") from error
            output.seek(0)
            said = read_messages(output.read().decode("utf-8", "replace"), file.name, header.count("\n"))
        if ended not in (0, 1) or (ended and not said):
            raise DojoCrashError(f"Lean ended with status {ended}: {said[-1].data if said else 'it said nothing'}")
        return said


def read_messages(output: str, file: str, before: int) -> list[Message]:
    """What `lean FILE` printed. `before`: lines of the file that are not the text's. Raises DojoInitError for an error
    in them: an import that it does not have."""
    place = re.compile(rf"^{re.escape(file)}:(\d+):(\d+): (error|warning): ", re.MULTILINE)
    found = list(place.finditer(output))
    first = output[: found[0].start() if found else len(output)].strip()
    messages = [Message("information", first, 0, 0)] if first else []
    for match, following in zip_longest(found, found[1:]):
        data = output[match.end() : following.start() if following else len(output)].rstrip("\n")
        line = int(match[1]) - before
        if line < 1 and match[3] == "error":
            raise DojoInitError(data)
        messages.append(Message(match[3], data, line, int(match[2])))
    return messages


def _compile_repl(project: Project, folder: Path) -> None:
    """LeanDojo's `Lean4Repl` as a compiled library in `folder`. LeanDojo's text and nothing else is run for it, outside
    the sandbox, which is read-only."""
    source = Path(lean_dojo.__file__).parent / "interaction" / "Lean4Repl.lean"
    lean = str(project.toolchain / "bin" / "lean")
    command = [lean, "-o", str(folder / "Lean4Repl.olean"), str(source)]
    try:
        done = subprocess.run(
            unconfined(command, project.environment | {"HOME": str(folder)}),
            capture_output=True,
            text=True,
            timeout=OPENING_SECONDS,
            check=False,
        )
        said = "" if done.returncode == 0 else done.stdout.strip() or done.stderr.strip() or f"status {done.returncode}"
    except (OSError, subprocess.TimeoutExpired) as error:
        said = str(error)
    if said:
        raise NativeUnavailable(f"Lean {project.version} does not compile LeanDojo's REPL: {said}")
