"""A user's machine with elan and a built repository, as far as files go: no Lean is fetched for these tests."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

import lean_env.shim.server
from lean_env.embedded.installation import Installation
from lean_env.embedded.pool import WorkerPool
from lean_env.limits import Limits
from lean_env.native.errors import NativeUnavailable
from lean_env.native.project import Project, open_project
from lean_env.native.sandbox import find_bubblewrap
from lean_env.native.through_repl import ReplLean
from lean_env.shim import relay
from lean_env.shim.server import ShimServer
from lean_env.shim.source import TheoremInText, WholeFile, read_source
from lean_env.theorem import Theorem
from tests.lean_env.native.player import RELEASE, Exchange, write_repl
from tests.lean_env.native.upstream import IMPORTED

#: The players are Python programs, which a sandboxed Lean is not.
PYTHON = Path(sys.base_prefix).resolve()


@pytest.fixture(scope="session")
def bubblewrap() -> Path | None:
    """bubblewrap where it works, else None: what it shows then is refused, and a test says so."""
    try:
        return find_bubblewrap()
    except NativeUnavailable:
        return None


@pytest.fixture
def elan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """ELAN_HOME with one toolchain."""
    home = tmp_path / "elan"
    binaries = home / "toolchains" / f"leanprover--lean4---{RELEASE}" / "bin"
    for file in (home / "bin" / "elan", binaries / "lean", binaries / "lake"):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
        file.chmod(0o755)
    monkeypatch.setenv("ELAN_HOME", str(home))
    return home


@pytest.fixture
def repository(elan: Path, tmp_path: Path) -> Path:
    """A built repository that requires one package."""
    root = tmp_path / "repository"
    for library in (root / ".lake/build/lib/lean", root / ".lake/packages/mathlib/.lake/build/lib"):
        library.mkdir(parents=True)
    (root / "lean-toolchain").write_text(f"leanprover/lean4:{RELEASE}\n", encoding="utf-8")
    (root / "lake-manifest.json").write_text(
        '{"packagesDir": ".lake/packages", "packages": [{"type": "git", "name": "mathlib"}]}', encoding="utf-8"
    )
    return root


@pytest.fixture
def project(repository: Path) -> Project:
    return open_project(str(repository))


StartNative = Callable[[Sequence[Exchange]], ReplLean]


@pytest.fixture
def native(project: Project, bubblewrap: Path | None, tmp_path: Path) -> Iterator[StartNative]:
    """Starts a native Lean whose repl gives these replies; in the real sandbox where that works."""
    with ExitStack() as stack:

        def start(exchanges: Sequence[Exchange]) -> ReplLean:
            repl = write_repl(tmp_path / "repl", [IMPORTED, *exchanges])
            limits = Limits(soft_ms=1_500, hard_margin_ms=500)
            return stack.enter_context(ReplLean(project, repl, bubblewrap, limits, readable=(PYTHON,)))

        yield start


#: Of the embedded Lean that speaks for an old one.
DOJO_LIMITS = Limits(soft_ms=4_000, hard_margin_ms=2_000)


@pytest.fixture(scope="module")
def shim(imaged: Installation) -> Iterator[ShimServer]:
    def read(text: str) -> Theorem | TheoremInText | WholeFile:
        return read_source(
            re.sub("^#print axioms .*", "", text.replace("import Mathlib\n", "import Init\n"), flags=re.M)
        )

    with (
        pytest.MonkeyPatch.context() as patch,
        WorkerPool(imaged, 2, DOJO_LIMITS) as pool,
        ShimServer(pool) as server,
    ):
        patch.setattr(lean_env.shim.server, "read_source", read)
        yield server


def write_lean(project: Project, shim: ShimServer, more: str = "") -> tuple[Path, ...]:
    """The toolchain's `lean`, and what it needs to see. `more`: shell text that it runs first. The embedded Lean does
    not do `#print axioms`; what is said in its place has Lean's form, and says propext whatever the proof."""
    socket = shim.bin.parent / "socket"
    client = shlex.join(
        [str(Path(sys._base_executable).resolve()), "-I", "-S", str(Path(relay.__file__)), str(socket), "lean"]
    )
    lean = project.toolchain / "bin" / "lean"
    lean.write_text(
        "#!/bin/sh\nPATH=/usr/bin:/bin\n"
        'if [ "$1" = -o ]; then grep -q lean_dojo_repl "$3" && echo compiled > "$2"; exit; fi\n'
        f"for file; do :; done\n{more}\n"
        f'grep -q "^#print axioms" "$file" || exec {client} "$file"\n{client} "$file"; status=$?\n'
        """sed -n "s/^#print axioms \\(.*\\)/'\\1' depends on axioms: [propext]/p" "$file"; exit $status\n""",
        encoding="utf-8",
    )
    return (PYTHON, shim.bin.parent, Path(relay.__file__).parent)
