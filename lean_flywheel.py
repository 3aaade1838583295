"""Where the command `flywheel` starts (also `python -m lean_flywheel`): the checks that come before any other import.

The packages behind it have common names. ReProver, for one, has a `prover` too, and its README puts its own folder
first on PYTHONPATH: then `prover` is that one, and Python says `No module named 'prover.cli'`. This module's name is
nobody else's, so that it can say what happened. It runs on every Python 3, also on those that it refuses.
"""

import importlib.util
import os
import sys

PACKAGES = ("lean_env", "corpus", "prover", "training")
_OLDEST, _FIRST_TOO_NEW = (3, 11), (3, 13)
_CANNOT_START = 2


def main() -> None:
    """Runs the command line, unless this Python or another package of the same name is in the way (exit code 2)."""
    trouble = objection()
    if trouble is not None:
        sys.stderr.write(f"flywheel: {trouble}\n")
        sys.exit(_CANNOT_START)
    from prover.cli.main import main as command_line

    command_line()


def objection(version: "tuple[int, ...]" = tuple(sys.version_info[:3])) -> "str | None":
    """Why the command cannot start here, and what helps; or None."""
    if not _OLDEST <= version[:2] < _FIRST_TOO_NEW:
        return (
            f"this is Python {'.'.join(map(str, version))} and Python 3.11 or 3.12 is needed, because LeanDojo "
            "supports no newer one. Make an environment with one of them: python3.12 -m venv .venv"
        )
    home = os.path.dirname(os.path.realpath(__file__))  # noqa: PTH120  # what runs on every Python
    for name in PACKAGES:
        found = _folder_of(name)
        if found is None:
            return f"its package {name!r} is missing in {home}: install lean-flywheel again"
        if os.path.dirname(found) != home:  # noqa: PTH120
            return _shadowed(name, found)
    return None


def _folder_of(name: str) -> "str | None":
    """The folder (or file) that `import name` would take, its real path; None if there is none."""
    spec = importlib.util.find_spec(name)
    if spec is None:
        return None
    return os.path.realpath(str(next(iter(spec.submodule_search_locations or ()), spec.origin)))


def _shadowed(name: str, found: str) -> str:
    """Which other package stands in the way, and how it came there."""
    parent = os.path.dirname(found)  # noqa: PTH120
    entries = [os.path.realpath(entry) for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    if parent in entries:
        helps = "PYTHONPATH puts it first. Start flywheel without it: env -u PYTHONPATH flywheel ..."
    else:
        helps = f"{parent} comes first in sys.path. Start flywheel from another folder, or remove that entry."
    return f"another package {name!r}, {found}, is in front of this program's own. {helps}"


if __name__ == "__main__":
    main()
