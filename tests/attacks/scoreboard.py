"""The table at the end of the suite: what each rule made of each class."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field

COLUMNS = ("exit code", "LeanDojo", "gate", "kernel 4.28", "kernel 4.35")


@dataclass
class Scoreboard:
    tried: Counter[str] = field(default_factory=Counter)
    offered: Counter[tuple[str, str]] = field(default_factory=Counter)
    accepted: Counter[tuple[str, str]] = field(default_factory=Counter)

    def record(
        self,
        row: str,
        *,
        exit_code: bool | None = None,
        leandojo: bool | None = None,
        gate: bool | None = None,
        kernel_428: bool | None = None,
        kernel_435: bool | None = None,
    ) -> None:
        """One case. A column that is None had nothing to judge."""
        self.tried[row] += 1
        for column, accepted in zip(COLUMNS, (exit_code, leandojo, gate, kernel_428, kernel_435), strict=True):
            if accepted is not None:
                self.offered[row, column] += 1
                self.accepted[row, column] += accepted

    def lines(self) -> list[str]:
        """`accepted/offered` a column; `-` where nothing could be offered to that rule."""
        folders = sorted(self.tried, key=lambda row: (row.startswith("honest"), row[0], _number(row)))
        if not folders:
            return []
        width = max(map(len, folders))
        head = f"{'class':{width}}  tried  " + "  ".join(f"{column:>11}" for column in COLUMNS)
        rows = [head, "─" * len(head)]
        attacks = [folder for folder in folders if not folder.startswith("honest")]
        for folder in folders:
            rows.append(self._row(folder, width, [folder]))
        rows.append("─" * len(head))
        rows.append(self._row("all attacks", width, attacks))
        return rows

    def _row(self, title: str, width: int, folders: list[str]) -> str:
        cells = []
        for column in COLUMNS:
            offered = sum(self.offered[folder, column] for folder in folders)
            accepted = sum(self.accepted[folder, column] for folder in folders)
            cells.append(f"{f'{accepted}/{offered}' if offered else '-':>11}")
        return f"{title:{width}}  {sum(self.tried[folder] for folder in folders):5}  " + "  ".join(cells)


def _number(row: str) -> int:
    return int(re.sub(r"\D", "", row.partition("_")[0]) or 0)
