"""How commands speak: a console for people, one JSON document for scripts, exit codes, progress lines.

Exit codes: 0 done, 1 the work failed (a proof was not found, a check refused), 2 it could not start, 130 interrupted.
"""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, is_dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

DONE, FAILED, CANNOT_START, INTERRUPTED = 0, 1, 2, 130

console = Console(highlight=False, width=None if sys.stdout.isatty() else 150)
errors = Console(stderr=True, highlight=False)


class UserError(Exception):
    """Something the user can mend before the work starts: shown as one line, exit code 2."""


class WorkFailed(Exception):
    """The work ran and its answer is no: shown as one line, exit code 1."""


def plain(value: Any) -> Any:
    """`value` as JSON-able data: dataclasses become objects, paths and enums text, sets sorted lists."""
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value))
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (set, frozenset)):
        return sorted(plain(item) for item in value)
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, (str, int, float, bool)) or value is None:
        return value
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    return str(value) if isinstance(value, Path) or not hasattr(value, "isoformat") else value.isoformat()


def emit_json(value: Any) -> None:
    """One JSON document on stdout, keys in the order of the fields."""
    sys.stdout.write(json.dumps(plain(value), ensure_ascii=False, indent=2) + "\n")


def counted(title: str, counts: Sequence[tuple[str, int]], shown: int = 20) -> Table:
    """Texts and how many theorems each is true of, most frequent first; those past `shown` in one line."""
    table = Table(title, "theorems")
    for text, count in counts[:shown]:
        table.add_row(Text(text), str(count))
    if others := counts[shown:]:
        table.add_row(f"{len(others)} other reasons", str(sum(count for _, count in others)))
    return table


class Ticker:
    """Progress of a long command: a live bar on a terminal; without one a plain line every `every` seconds, where there
    is something new to say. What takes long without a further word is said, too."""

    def __init__(self, title: str, every: float = 10.0) -> None:
        self.title, self.every = title, every
        self._line = ""
        self._over = threading.Event()
        self._speaker: threading.Thread | None = None
        self._bar: Progress | None = None
        self._task: Any = None

    def __enter__(self) -> Ticker:
        if errors.is_terminal:
            columns = (
                TextColumn("{task.description}"),
                BarColumn(),
                TextColumn("{task.fields[note]}"),
                TimeElapsedColumn(),
            )
            self._bar = Progress(*columns, console=errors, transient=True)
            self._bar.start()
            self._task = self._bar.add_task(self.title, total=None, note="")
        else:
            self._speaker = threading.Thread(target=self._speak, name="progress", daemon=True)
            self._speaker.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        if self._bar is not None:
            self._bar.stop()
        if self._speaker is not None:
            self._over.set()
            self._speaker.join()

    def __call__(self, note: str, done: float | None = None, total: float | None = None) -> None:
        if self._bar is not None:
            self._bar.update(self._task, completed=done or 0, total=total, note=note)
        else:
            share = f" {100 * done / total:.0f} %" if done is not None and total else ""
            self._line = f"{self.title}{share}: {note}"

    def _speak(self) -> None:
        said = ""
        while not self._over.wait(self.every):
            if (line := self._line) != said:
                said = line
                errors.print(line, markup=False, soft_wrap=True)


@contextmanager
def ticker(title: str) -> Iterator[Callable[..., None]]:
    with Ticker(title) as tick:
        yield tick
