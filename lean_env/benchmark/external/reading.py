"""A file or folder as rows: which format it has, which files are read, and the hash that stands for them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from lean_env.benchmark.external.clever import clever_rows, is_clever
from lean_env.benchmark.external.json_rows import check_map, json_objects, rows_of
from lean_env.benchmark.external.lean_source import read_lean
from lean_env.benchmark.external.leandojo import is_leandojo, leandojo_row
from lean_env.benchmark.external.own import own_modules_of
from lean_env.benchmark.external.row import Row
from lean_env.benchmark.external.verina import TASK, is_verina, verina_row
from lean_env.benchmark.splits import SPLITS, TEST, VALID
from lean_env.lean_text.modules import ModulesError, OwnModules
from lean_env.lean_text.scope import Scope

#: Folders of a Lean project that hold other people's theorems.
_NOT_OURS = frozenset({".lake", "lake-packages", ".git", "build", "_target"})
_SPLIT_NAMES = {"val": VALID, "validation": VALID, "dev": VALID, **{name: name for name in SPLITS}}


class Unreadable(Exception):
    """There is nothing to load at a path; the message says what was looked for."""


class Format(StrEnum):
    """How the files of a benchmark are written."""

    #: Told from the files.
    AUTO = "auto"
    #: Lean files whose folder or name is a split.
    MINIF2F = "minif2f"
    #: Objects, one a line or in a list.
    JSONL = "jsonl"
    #: Lean files without splits.
    LEAN = "lean"
    #: LeanDojo Benchmark 4.
    LEANDOJO = "leandojo"
    #: A Lean file a task, divided by comments.
    VERINA = "verina"
    CLEVER = "clever"


@dataclass(frozen=True, slots=True)
class Reading:
    """`files`: how many were read; `digest`: SHA-256 over their names and bytes, and the modules of one's own that they
    import."""

    source: Path
    format: Format
    rows: tuple[Row, ...]
    files: int
    digest: str


def read_benchmark(
    path: Path, format: Format = Format.AUTO, fields: Mapping[str, str] | None = None, split: str = TEST
) -> Reading:
    """Every theorem at `path`, none left out; rows that name no split get `split`.

    `fields`: for JSON, our field -> theirs. Raises Unreadable, UnknownField, OSError.
    """
    check_map(fields or {})
    if not path.exists():
        raise Unreadable(f"no such file or folder: {path}")
    files = _files(path, format)
    if not files:
        raise Unreadable(f"no .lean, .jsonl or .json file in {path}")
    base = path if path.is_dir() else path.parent
    hasher = hashlib.sha256()
    rows: list[Row] = []
    formats: set[Format] = set()
    for file in files:
        name, data = file.relative_to(base).as_posix(), file.read_bytes()
        hasher.update(f"{name}\n{len(data)}\n".encode() + data)
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            rows.append(Row(name, "", "", Scope(), name, split, objection="the file is not UTF-8 text"))
            continue
        if file.suffix == ".lean":
            own, trouble = _own(file, text, base)
            hasher.update(own.text.encode() if own is not None else b"")
            found, kind = _read_lean(text, name, format, own)
            if kind is Format.VERINA and file.name != TASK and file.with_name(TASK).is_file():
                trouble = f"{TASK} beside it is the task"
            found = [replace(row, objection=row.objection or trouble) for row in found]
        else:
            found, kind = _read_objects(text, name, format, fields or {})
        rows += found
        formats |= {kind} if found else set()
    if not rows:
        what = {Format.VERINA: "task of VERINA", Format.CLEVER: "problem of CLEVER"}.get(format, "theorem")
        raise Unreadable(f"{len(files)} files in {path} hold no {what}")
    kind = format if format is not Format.AUTO else max(formats or {Format.LEAN}, key=list(Format).index)
    if kind is Format.LEAN and format is Format.AUTO and any(row.split for row in rows):
        kind = Format.MINIF2F
    placed = [replace(row, split=_split_named(row.split, split)) for row in rows]
    return Reading(path, kind, tuple(_distinct(_known_splits(placed))), len(files), hasher.hexdigest())


def _files(path: Path, format: Format) -> list[Path]:
    if path.is_file():
        return [path]
    files = sorted(
        file
        for file in path.rglob("*")
        if file.suffix in (".lean", ".jsonl", ".json")
        and file.is_file()
        and not _NOT_OURS & set(file.relative_to(path).parts)
    )
    lean = [file for file in files if file.suffix == ".lean" and file.name != "lakefile.lean"]
    data = [file for file in files if file.suffix != ".lean" and file.name != "lake-manifest.json"]
    if format in (Format.LEAN, Format.MINIF2F, Format.VERINA, Format.CLEVER):
        return lean
    # A repository of Lean files often has JSON beside them that is something else.
    return data if format in (Format.JSONL, Format.LEANDOJO) or not lean else lean


def _own(file: Path, text: str, base: Path) -> tuple[OwnModules | None, str]:
    """What a Lean file brings along of its repository, or what is wrong with that."""
    try:
        return own_modules_of(file, text, base), ""
    except ModulesError as error:
        return None, str(error)


def _read_lean(text: str, name: str, format: Format, own: OwnModules | None) -> tuple[list[Row], Format]:
    split = _split_of(name)
    if format in (Format.AUTO, Format.VERINA) and is_verina(text):
        return [verina_row(text, name, split)], Format.VERINA
    if format in (Format.AUTO, Format.CLEVER) and is_clever(text):
        return clever_rows(text, name, split, own), Format.CLEVER
    # A repository of tasks has other files beside them.
    return [] if format in (Format.VERINA, Format.CLEVER) else read_lean(text, name, split, own), Format.LEAN


def _read_objects(text: str, name: str, format: Format, fields: Mapping[str, str]) -> tuple[list[Row], Format]:
    split = _split_of(name)
    objects = list(json_objects(text))
    if format is Format.LEANDOJO or (format is Format.AUTO and objects and is_leandojo(objects[0][1])):
        rows = []
        for number, value in objects:
            place = f"{name}:{number}"
            if isinstance(value, dict) and is_leandojo(value):
                rows.append(leandojo_row(value, place, split))
            else:
                rows.append(Row(place, "", "", Scope(), place, split, objection="no row of LeanDojo's benchmark"))
        return rows, Format.LEANDOJO
    return rows_of(objects, name, split, fields), Format.JSONL


def _split_of(name: str) -> str:
    """The split that a file's folder or name is, '' if none: `MiniF2F/Test/x.lean`, `valid.jsonl`, `minif2f_test.json`.
    A Lean file `train_problem.lean` is about trains."""
    parts = [part.lower() for part in Path(name).with_suffix("").parts]
    if not name.endswith(".lean"):
        parts = [word for part in parts for word in _words(part)]
    return next((_SPLIT_NAMES[word] for word in reversed(parts) if word in _SPLIT_NAMES), "")


def _words(text: str) -> list[str]:
    return [text, *re.split(r"[_. -]", text)]


def _split_named(text: str, default: str) -> str:
    """`test` for `test` and `miniF2F-test`, the default for nothing, and else the text itself."""
    return next((_SPLIT_NAMES[word] for word in _words(text.lower()) if word in _SPLIT_NAMES), text or default)


def _known_splits(rows: list[Row]) -> list[Row]:
    """A split that is none of ours makes a row unusable: what may be trained on must not be guessed."""
    return [
        row
        if row.split in SPLITS or row.objection
        else replace(row, objection=f"its split is {row.split!r}; there are {', '.join(SPLITS)}")
        for row in rows
    ]


def _distinct(rows: list[Row]) -> list[Row]:
    """Names that Lean can read, each once: others are spelled with `_`, repeated ones numbered. The name that the file
    has is in `extra`."""
    taken: set[str] = set()
    renamed = []
    for row in rows:
        name = base = ".".join(_spelled(part) for part in row.name.split(".")) if row.library != row.name else row.name
        number = 1
        while name in taken:
            number += 1
            name = f"{base}_{number}"
        taken.add(name)
        renamed.append(row if name == row.name else replace(row, name=name, extra={**row.extra, "name": row.name}))
    return renamed


def _spelled(part: str) -> str:
    spelled = re.sub(r"[^\w'!?₀-₉]", "_", part)
    return spelled if re.match(r"[^\W\d]", spelled) else f"t_{spelled}"
