"""What the machine refuses (a full disk, a folder that is not ours) as one line that says what helps."""

from __future__ import annotations

import errno
from collections.abc import Iterator

_FULL = (errno.ENOSPC, errno.EDQUOT)
_FORBIDDEN = (errno.EACCES, errno.EPERM, errno.EROFS)
_NO_FOLDER = (errno.ENOTDIR, errno.EEXIST)


def machine_trouble(error: BaseException) -> str | None:
    """The line for an error that the disk or its rights caused; None for any other."""
    for cause in _causes(error):
        place = getattr(cause, "filename", None)
        if _is(cause, _FULL) or "database or disk is full" in str(cause):
            where = f" where {place} is" if place else ""
            return f"no space left on the disk{where}. Free some, then the same command goes on; nothing stored is lost"
        if _is(cause, _FORBIDDEN) or "attempt to write a readonly database" in str(cause):
            return f"{place or 'the database'} cannot be written: --home names another folder, --db another database"
        if _is(cause, _NO_FOLDER) and place:
            return f"{place} cannot be a folder: there is a file in the way. --home names another folder"
    return None


def _is(error: BaseException, numbers: tuple[int, ...]) -> bool:
    return isinstance(error, OSError) and error.errno in numbers


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """The error and what led to it, the outermost first."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
