"""How `--help` lists commands: under headings, each with one whole sentence, in plain text too."""

from __future__ import annotations

import re
from typing import Any

from typer.core import TyperGroup


class Commands(TyperGroup):
    """Commands under their headings (`rich_help_panel=`), in the order in which they were added.

    Typer has headings only with rich's boxes, and cuts what it says of a command to one line of 80 columns.
    """

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        sections: dict[str, list[tuple[str, str]]] = {}
        names = [name for name, command in self.commands.items() if not command.hidden]
        width = max(map(len, names), default=0)
        for name in names:
            command = self.commands[name]
            heading = getattr(command, "rich_help_panel", None)
            rows = sections.setdefault(heading if isinstance(heading, str) else "Commands", [])
            rows.append((name.ljust(width), command.get_short_help_str(limit=1000)))
        for heading, rows in sections.items():
            with formatter.section(heading):
                formatter.write_dl(rows)


def keep_example_lines(command: Any) -> None:
    """Marks the examples in each help text, so that one command stays one line."""
    if command.help:
        command.help = re.sub(r"\s*\n\s*(?=Examples?: )", "\n\n\b\n", command.help)
    for name in getattr(command, "commands", {}):
        keep_example_lines(command.commands[name])
