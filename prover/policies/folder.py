"""A model's folder: written beside its final place and renamed, so that one of that name is either whole or absent.

The SHA-256 of its weights identifies a model everywhere (rounds and generations record it).
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

META = "meta.json"
#: What `replacing` works with beside the folder, by process.
_LEFTOVER = re.compile(r"\.(?P<name>.+)\.(?P<pid>\d+)\.(?P<kind>draft|retired)")


class CheckpointError(Exception):
    """The folder holds no trained model, is damaged, or its model was trained for something else."""


@contextmanager
def replacing(folder: Path) -> Iterator[Path]:
    """An empty folder to write to, which takes the place of `folder` at the end."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = folder.with_name(f".{folder.name}.{os.getpid()}.draft")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir()
    yield draft
    if folder.exists():
        retired = folder.with_name(f".{folder.name}.{os.getpid()}.retired")
        folder.rename(retired)
        draft.rename(folder)
        shutil.rmtree(retired)
    else:
        draft.rename(folder)


def remove_leftovers(models: Path) -> None:
    """Removes from the folder of a run's checkpoints what a process left that was killed while it saved. A checkpoint
    that it had just moved aside comes back where its successor did not arrive."""
    for path in models.glob(".*"):
        named = _LEFTOVER.fullmatch(path.name)
        if named is None or not path.is_dir() or _writes_still(int(named["pid"]), path):
            continue
        if named["kind"] == "retired" and not (models / named["name"]).exists():
            path.rename(models / named["name"])
        else:
            shutil.rmtree(path, ignore_errors=True)


def _writes_still(pid: int, folder: Path) -> bool:
    """Whether the process that made the folder may still be there: one of its number that is older than the folder."""
    try:
        return psutil.Process(pid).create_time() <= folder.stat().st_mtime
    except (psutil.Error, OSError):
        return False


def write_meta(folder: Path, meta: Mapping[str, Any]) -> None:
    text = json.dumps(meta, indent=1, sort_keys=True, ensure_ascii=False)
    (folder / META).write_text(text + "\n", encoding="utf-8")


def read_meta(folder: Path) -> dict[str, Any]:
    """What the model in the folder was made from. Raises CheckpointError."""
    try:
        meta: dict[str, Any] = json.loads((folder / META).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CheckpointError(f"{folder} holds no trained model (no {META}); `flywheel train` makes one") from None
    except ValueError as error:
        raise CheckpointError(f"{folder / META} is damaged: {error}") from None
    return meta


def require_format(folder: Path, meta: Mapping[str, Any], format: int) -> None:
    """Raises CheckpointError where another version wrote the folder."""
    if meta.get("format") != format:
        raise CheckpointError(f"{folder} has checkpoint format {meta.get('format')}, this version reads {format}")


def require_files(folder: Path, expected: Mapping[str, str]) -> None:
    """Raises CheckpointError unless each file has its SHA-256."""
    for name, digest in expected.items():
        path = folder / name
        if not path.is_file() or sha256_of(path) != digest:
            raise CheckpointError(f"{path} is missing or is not the file that {META} describes")


def is_checkpoint(folder: Path) -> bool:
    """Whether the folder claims to hold a trained model; loading it says whether it does."""
    return (folder / META).is_file()


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
