"""Archives that somebody has had in hand: a copy with other content, whose manifest says that all is well."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any


def rewritten(archive: Path, to: Path, **changes: Callable[[bytes], bytes]) -> Path:
    """A copy in which the files named (`proofs` for proofs.jsonl, `term` for the first term, ...) are changed and the
    manifest's hashes and the terms' are made to fit."""
    with zipfile.ZipFile(archive) as source:
        content = {name: source.read(name) for name in source.namelist()}
    names = {
        "proofs": "proofs.jsonl",
        "human": "human.jsonl",
        "headers": "headers.jsonl",
        "benchmark": "benchmarks/0.jsonl",
        "manifest": "manifest.json",
    }
    names["term"] = next((name for name in content if name.startswith("terms/")), "")
    for key, change in changes.items():
        content[names[key]] = change(content[names[key]])
    if "term" in changes:
        content["proofs.jsonl"] = each_line(_with_term_hashes(content))(content["proofs.jsonl"])
    manifest = json.loads(content["manifest.json"])
    manifest["files"] = {name: hashlib.sha256(content[name]).hexdigest() for name in manifest["files"]}
    content["manifest.json"] = json.dumps(manifest).encode()
    with zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED) as target:
        for name, data in content.items():
            target.writestr(name, data)
    return to


def each_line(change: Callable[[dict[str, Any]], None]) -> Callable[[bytes], bytes]:
    """Changes every line of a file of JSON lines in place."""

    def apply(content: bytes) -> bytes:
        lines = [json.loads(line) for line in content.splitlines()]
        for line in lines:
            change(line)
        return b"".join(json.dumps(line, ensure_ascii=False).encode() + b"\n" for line in lines)

    return apply


def _with_term_hashes(content: dict[str, bytes]) -> Callable[[dict[str, Any]], None]:
    def change(line: dict[str, Any]) -> None:
        line["term"] = hashlib.sha256(content[f"terms/{line['content_hash']}.ndjson"]).hexdigest()

    return change
