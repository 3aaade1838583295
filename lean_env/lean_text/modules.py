"""The modules of one's own that a file imports: read, put in order, and written as one text to stand above the file.

    own = own_modules(Path("My/Main.lean"), text, library.modules)
    Environment(own.imports, Header(own.text + above))

Each module stands in a section of its own behind those that it imports, so that what it opens ends with it. All see all
that stand above them, also those that they do not import: names must differ across the files of a project. The lines
that begin and end a module are known to the workers (host/lean/header.js): errors have the module's own lines, and
private names are the module's.
"""

from __future__ import annotations

import re
from collections.abc import Container
from dataclasses import dataclass, field
from pathlib import Path

from lean_env.lean_text.header import Header, read_header, without_output
from lean_env.lean_text.project import Project, ProjectError
from lean_env.lean_text.theorems import unclosed

#: Bounds on what a file may bring along.
MAX_MODULES = 300
MAX_BYTES = 8 << 20

_MARK = re.compile(r"^(?:section|end) --- module ", re.MULTILINE)
_BYTE_ORDER_MARK = "\N{ZERO WIDTH NO-BREAK SPACE}"


class ModulesError(Exception):
    """The text names the chain of imports that leads to what is wrong."""


@dataclass(frozen=True, slots=True)
class OwnModules:
    """`imports`: what the file and its modules import of the library, each once. `text`: the modules, "" for none.
    `chains`: how the file comes to each of them: `Main.lean imports A, which imports B`. `ways`: the same of what is
    imported of the library."""

    imports: tuple[str, ...]
    text: str = ""
    chains: dict[str, str] = field(default_factory=dict)
    ways: dict[str, str] = field(default_factory=dict)

    def blame(self, message: str) -> str:
        """A refusal of the text with the chain of imports to the module that it names, if it names one."""
        named = re.search(r"\bmodule (\S+), line \d+: ", message)
        return f"{self.chains[named[1]]}: {message}" if named and named[1] in self.chains else message


def own_modules(file: Path, text: str, library: Container[str]) -> OwnModules:
    """`text` is the content of `file`; `library` knows which modules the embedded Lean has, and those it takes from
    there. Raises ModulesError."""
    return modules_behind(read_header(text).imports, file, library)


def modules_behind(
    imports: tuple[str, ...], file: Path, library: Container[str], root: Path | None = None
) -> OwnModules:
    """What `file` brings along with these imports. `root`: its project, where that is known. Raises ModulesError."""
    if all(module in library for module in imports):
        return OwnModules(imports)
    try:
        project = Project.of(file, imports) if root is None else Project.at(root)
    except ProjectError as error:
        raise ModulesError(str(error)) from error
    reader = _Reader(file, project, library)
    reader.follow(imports, (file.name,))
    return OwnModules(tuple(reader.ways), "".join(reader.texts), reader.chains, reader.ways)


class _Reader:
    """Depth first, in the order of the imports: a module stands behind those that it imports."""

    def __init__(self, file: Path, project: Project, library: Container[str]) -> None:
        self._file = file.resolve()
        self._project = project
        self._library = library
        self._bytes = 0
        self.ways: dict[str, str] = {}
        self.texts: list[str] = []
        self.chains: dict[str, str] = {}

    def follow(self, imports: tuple[str, ...], chain: tuple[str, ...]) -> None:
        for module in imports:
            if module in self._library:
                self.ways.setdefault(module, _said((*chain, module)))
            elif module in chain[1:]:
                raise ModulesError(f"{_said((*chain, module))}: the imports go round in a circle")
            elif module not in self.chains:
                self._read(module, (*chain, module))

    def _read(self, module: str, chain: tuple[str, ...]) -> None:
        text = self._text(module, chain)
        self._bytes += len(text.encode())
        if len(self.chains) >= MAX_MODULES or self._bytes > MAX_BYTES:
            raise ModulesError(f"{_said(chain)}: more than {MAX_MODULES} modules or {MAX_BYTES:,} bytes of them")
        header = read_header(text)
        if _MARK.search(text):
            raise ModulesError(f"{_said(chain)}, which has a line that begins with `section --- module`")
        self.follow(header.imports, chain)
        self.chains[module] = _said(chain)
        self.texts.append(_in_a_section(module, header))

    def _text(self, module: str, chain: tuple[str, ...]) -> str:
        try:
            path = self._project.path_of(module)
            if path == self._file:
                raise ModulesError(f"{_said(chain)}, which is the file itself: the imports go round in a circle")
            if (found := path.is_file()) and path.stat().st_size > MAX_BYTES:
                raise ModulesError(f"{_said(chain)}, whose file {path} has more than {MAX_BYTES:,} bytes")
            content = path.read_bytes() if found else None
        except ProjectError as error:
            raise ModulesError(f"{_said(chain)}, {error}") from error
        except OSError as error:
            raise ModulesError(f"{_said(chain)}, whose file cannot be read: {error.strerror}") from error
        if content is None:
            where = f"{path} is missing" if self._project.owns(module) else ""
            raise ModulesError(
                f"{_said(chain)}: {where}"
                if where
                else f"{_said(chain)}, which the embedded Lean does not have; it "
                "has Init and Std (--toolchain native --repo REPOSITORY takes your own Lean)"
            )
        try:
            return content.decode().removeprefix(_BYTE_ORDER_MARK).replace("\r\n", "\n")
        except UnicodeDecodeError as error:
            raise ModulesError(f"{_said(chain)}, whose file {path} is not UTF-8") from error


def _in_a_section(module: str, header: Header) -> str:
    body = without_output(header.body).rstrip("\n")
    closing = "".join(f"end {name}\n" for name in unclosed(body))
    return f"section --- module {module}\n{body}\n{closing}end --- module {module}\n"


def _said(chain: tuple[str, ...]) -> str:
    file, first, *rest = chain
    return f"{file} imports {first}" + "".join(f", which imports {module}" for module in rest)
