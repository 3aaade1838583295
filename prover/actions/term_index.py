"""BM25 scores of documents by term, made by `bm25s` once and kept in a file.

Making it for the 22,000 theorems of Init takes 2 s of processor time, loading it 10 ms. Its key is a hash of everything
that it was made from, the code that reads the documents included, so that an index of other documents is never used.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import tempfile
import zipfile
from collections.abc import Callable, Collection, Iterable, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

K1, B = 1.2, 0.75

_ARRAYS = ("data", "indices", "indptr")


class TermIndex:
    """`starts[t]:starts[t + 1]` of `places` (int32) and `values` (float32): the documents that hold term `t`, and what
    each gains by it. `terms` numbers the terms."""

    def __init__(
        self,
        count: int,
        terms: dict[str, int],
        values: npt.NDArray[np.float32],
        places: npt.NDArray[np.int32],
        starts: npt.NDArray[np.int64],
    ) -> None:
        self._count, self._terms = count, terms
        self._values, self._places, self._starts = values, places, starts

    @classmethod
    def of(cls, documents: Sequence[Sequence[str]]) -> Self:
        """The index of documents given as lists of terms."""
        if not documents:
            return cls(0, {}, np.zeros(0, np.float32), np.zeros(0, np.int32), np.zeros(1, np.int64))
        import bm25s  # brings scipy: a third of a second that a kept index does not need

        made = bm25s.BM25(k1=K1, b=B)
        made.index(documents, show_progress=False)
        values, places, starts = (made.scores[name] for name in _ARRAYS)
        terms = {term: number for term, number in made.vocab_dict.items() if number < len(starts) - 1}
        return cls(len(documents), terms, values, places, starts)

    @classmethod
    def load(cls, file: Path) -> Self | None:
        """The index in a file that `save` wrote; None if there is none, or it is damaged."""
        try:
            with np.load(file, allow_pickle=False) as kept:
                terms = json.loads(kept["terms"].tobytes())
                return cls(int(kept["count"]), terms, *(kept[name] for name in _ARRAYS))
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            return None

    def save(self, file: Path) -> None:
        """Writes it, whole or not at all. Raises OSError."""
        arrays: dict[str, Any] = dict(zip(_ARRAYS, (self._values, self._places, self._starts), strict=True))
        terms = np.frombuffer(json.dumps(self._terms).encode(), np.uint8)
        content = io.BytesIO()
        np.savez(content, allow_pickle=False, count=np.int64(self._count), terms=terms, **arrays)
        handle, temporary = tempfile.mkstemp(prefix=file.name, suffix=".tmp", dir=file.parent)
        try:
            with os.fdopen(handle, "wb") as out:
                out.write(content.getbuffer())
            Path(temporary).replace(file)
        finally:
            Path(temporary).unlink(missing_ok=True)

    def scores(self, terms: Iterable[str]) -> npt.NDArray[np.float32]:
        """What each document scores for these terms, added up in their order: (documents). Unknown terms count 0.

        The sums are those of `bm25s.BM25.get_scores_from_ids`, bit for bit.
        """
        scores = np.zeros(self._count, dtype=np.float32)
        for term in terms:
            number = self._terms.get(term)
            if number is not None:
                span = slice(self._starts[number], self._starts[number + 1])
                scores[self._places[span]] += self._values[span]
        return scores


def kept(folder: Path, key: str, make: Callable[[], TermIndex], say: Callable[[str], None]) -> TermIndex:
    """The index of this key that `folder` holds, or else a new one, which is written there if the folder lets us.
    `say` is told before 2 s of work."""
    file = folder / f"premises-{key}.npz"
    found = TermIndex.load(file)
    if found is None:
        say("indexing the library's theorems for retrieval, once (some seconds)")
        found = make()
        with contextlib.suppress(OSError):  # a read-only cache, a full disk: it is made again the next time
            found.save(file)
    return found


def remove_others(folder: Path, keys: Collection[str]) -> None:
    """Removes what other versions of this program kept."""
    for file in folder.glob("premises-*.npz*"):
        if file.name not in {f"premises-{key}.npz" for key in keys}:
            file.unlink(missing_ok=True)


def key_of(texts: Iterable[str], sources: Iterable[Path]) -> str:
    """A hash of the documents' texts, of the code in `sources` that reads them, and of bm25s: 16 hexadecimal digits."""
    digest = hashlib.sha256(f"{K1} {B} {metadata.version('bm25s')}".encode())
    for text in texts:
        digest.update(text.encode() + b"\0")
    for source in (*sources, Path(__file__)):
        digest.update(b"\0" + source.read_bytes())
    return digest.hexdigest()[:16]
