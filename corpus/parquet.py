"""Rows of an export as Parquet, group by group. Needs the extra `[exchange]`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import parquet

_GROUP_ROWS = 2_000
_TEXT, _TEXTS = pa.string(), pa.list_(pa.string())
#: `annotated_tactic` is a list of one text: LeanDojo's pair of a text and a list is nothing that a column can hold.
_TACTIC = pa.struct([("tactic", _TEXT), ("annotated_tactic", _TEXTS), ("state_before", _TEXT), ("state_after", _TEXT)])
_COLUMNS: dict[str, dict[str, Any]] = {
    "proofs": {
        **dict.fromkeys(("id", "theorem", "statement", "statement_hash"), _TEXT),
        "imports": _TEXTS,
        **dict.fromkeys(("header", "module", "benchmark", "split", "source"), _TEXT),
        "tactics": _TEXTS,
        "proof": _TEXT,
        "axioms": _TEXTS,
        "proof_hash": _TEXT,
        "gate": _TEXT,
        "kernels": _TEXTS,
    },
    "steps": {
        **dict.fromkeys(("url", "commit", "file_path", "full_name"), _TEXT),
        "start": pa.list_(pa.int64()),
        "end": pa.list_(pa.int64()),
        "traced_tactics": pa.list_(_TACTIC),
    },
    "training": {"prompt": _TEXT, "completion": _TEXT},
}


class ParquetFile:
    """One table of an export (`proofs`, `steps` or `training`)."""

    def __init__(self, path: Path, table: str) -> None:
        self._schema = pa.schema(list(_COLUMNS[table].items()))
        self._writer = parquet.ParquetWriter(path, self._schema, compression="zstd")
        self._rows: list[dict[str, Any]] = []

    def write(self, row: dict[str, Any]) -> None:
        if "traced_tactics" in row:
            traced = [{**one, "annotated_tactic": one["annotated_tactic"][:1]} for one in row["traced_tactics"]]
            row = {**row, "traced_tactics": traced}
        self._rows.append(row)
        if len(self._rows) >= _GROUP_ROWS:
            self._flush()

    def close(self) -> None:
        self._flush()
        self._writer.close()

    def _flush(self) -> None:
        if self._rows:
            self._writer.write_table(pa.Table.from_pylist(self._rows, schema=self._schema))
            self._rows = []
