"""Which implications finite tables refute, for all 22 million pairs of laws.

    refuter = Refuter.load()
    refuter.smallest(43, 4512)          # a table in which law 43 holds and law 4512 does not, or None

The satisfaction matrix (4,694 laws, 3,572 tables) takes some 15 s to make and is kept in the user's cache folder.
A cached file counts for nothing but time: every table that is handed out is checked again by `tables.counterexample`.
"""

from __future__ import annotations

import hashlib
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from lean_env import paths
from lean_env.benchmark.lean_magma.laws import law, laws
from lean_env.benchmark.lean_magma.tables import Table, all_tables, holds, satisfied


@dataclass(frozen=True, eq=False)
class Refuter:
    """`satisfied`: (laws, tables), whether law i + 1 holds in table j."""

    tables: tuple[Table, ...]
    satisfied: npt.NDArray[np.bool_]

    @classmethod
    def load(cls) -> Refuter:
        """From the cache, or made now and cached. A file that is damaged is made again."""
        return _loaded(paths.benchmark_work())

    @classmethod
    def make(cls) -> Refuter:
        """Without the cache."""
        tables = all_tables()
        return cls(tables, satisfied([one.equation for one in laws()], tables))

    def refutes(self, hypothesis: int, conclusion: int) -> bool:
        """Whether there is such a table."""
        return bool((self.satisfied[hypothesis - 1] & ~self.satisfied[conclusion - 1]).any())

    def smallest(self, hypothesis: int, conclusion: int) -> Table | None:
        """The first table, smaller ones first, in which law `hypothesis` holds and law `conclusion` does not."""
        places = np.flatnonzero(self.satisfied[hypothesis - 1] & ~self.satisfied[conclusion - 1])
        if not len(places):
            return None
        table: Table = self.tables[int(places[0])]
        if not holds(law(hypothesis).equation, table) or holds(law(conclusion).equation, table):
            raise RuntimeError(f"the cached satisfaction matrix is wrong at table {table.name}; remove {_cached()}")
        return table

    def refuted(self, largest: int | None = None) -> npt.NDArray[np.bool_]:
        """(laws, laws): which pairs some table, of at most this size, refutes. Takes seconds and 90 MB."""
        wanted = [largest is None or table.size <= largest for table in self.tables]
        here = self.satisfied[:, wanted].astype(np.float32)
        found: npt.NDArray[np.bool_] = here @ (1 - here).T > 0
        return found


@cache
def _loaded(folder: Path) -> Refuter:
    tables = all_tables()
    file = folder / _name()
    try:
        packed = np.load(file, allow_pickle=False)
        if packed.dtype == np.uint8 and packed.shape == (len(laws()), -(-len(tables) // 8)):
            return Refuter(tables, np.unpackbits(packed, axis=1, count=len(tables)).astype(bool))
    except (OSError, ValueError, EOFError):
        pass  # not there, or not what was written
    refuter = Refuter.make()
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=folder, suffix=".npy", delete=False) as temporary:
        np.save(temporary, np.packbits(refuter.satisfied, axis=1))
    Path(temporary.name).replace(file)
    return refuter


def _name() -> str:
    """Of the cached file: another list of laws or tables is another file."""
    text = "\n".join([*(one.text() for one in laws()), *(table.name for table in all_tables())])
    return f"lean-magma-{hashlib.sha256(text.encode()).hexdigest()[:16]}.npy"


def _cached() -> Path:
    return paths.benchmark_work() / _name()
