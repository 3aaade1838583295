"""The split *random* of a library benchmark: by statement class in place of families, as the field's random splits are.

A class of statements is on one side as a whole, and of a held-out one a single theorem is kept, so that no copy of it,
up to names and similar types, is trained on. Otherwise a held-out theorem has its neighbours in training. So it asks
less than *novel*, and results of the two are never put together: each is a benchmark of its own name.

On disk: gzipped JSON, a letter for each theorem of the manifest, in its order.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections import defaultdict
from collections.abc import Collection
from dataclasses import replace
from typing import Any

from lean_env.benchmark.lean_core.families import stable_hash
from lean_env.benchmark.lean_core.manifest import Entry, Manifest, ManifestError
from lean_env.benchmark.splits import TEST, TRAIN, VALID

#: Shares of the classes that are held out for test and for valid.
TEST_SHARE = VALID_SHARE = 0.1

#: Why a theorem of the manifest is in none of this split's sets.
CLASS_HELD_OUT = "another theorem of its class is held out"
CLASS_IN_IMPORTS = "valid or test: a statement of its class is visible in its environment"

_LETTERS = {"n": TRAIN, "v": VALID, "t": TEST}
_LEFT_OUT = {"c": CLASS_HELD_OUT, "i": CLASS_IN_IMPORTS}


def letters_by_class(manifest: Manifest, class_in_imports: Collection[str]) -> str:
    """A letter for each theorem. `class_in_imports`: names of those whose class is visible where they are stated."""
    letter_of: dict[str, str] = {}
    of_class: dict[str, list[Entry]] = defaultdict(list)
    for entry in manifest.entries:
        of_class[entry.statement_class].append(entry)
    for statement_class, entries in of_class.items():
        place = int(stable_hash(f"class\n{statement_class}")[:8], 16) / 2**32
        split = "t" if place < TEST_SHARE else "v" if place < TEST_SHARE + VALID_SHARE else "n"
        if split == "n":
            letter_of |= dict.fromkeys((entry.name for entry in entries), split)
            continue
        hidden = [entry.name for entry in entries if entry.name not in class_in_imports]
        kept = min(hidden, key=stable_hash, default=None)
        for entry in entries:
            seen = entry.name in class_in_imports
            letter_of[entry.name] = split if entry.name == kept else "i" if seen else "c"
    return "".join(letter_of[entry.name] for entry in manifest.entries)


def split_by_class(manifest: Manifest, data: bytes) -> Manifest:
    """The manifest's theorems in the split that was stored for them. Raises ManifestError."""
    try:
        stored: dict[str, Any] = json.loads(gzip.decompress(data))
        letters, of = str(stored["letters"]), stored["of"]
    except (OSError, EOFError, ValueError, KeyError, TypeError) as error:
        raise ManifestError(f"damaged split: {error}") from error
    if of != _digest(manifest) or len(letters) != len(manifest.entries):
        raise ManifestError("the split by class is that of another manifest")
    entries = tuple(
        replace(entry, split=_LETTERS[letter])
        for entry, letter in zip(manifest.entries, letters, strict=True)
        if letter in _LETTERS
    )
    left_out = {why: letters.count(letter) for letter, why in _LEFT_OUT.items()}
    header = {**manifest.header, "name": f"{manifest.name}-random", "kept": len(entries), "left_out": left_out}
    header["named"] = len(manifest.entries)
    return Manifest(header, manifest.modules, entries)


def packed(manifest: Manifest, letters: str) -> bytes:
    """What `split_by_class` reads; the same letters give the same bytes."""
    text = json.dumps({"of": _digest(manifest), "letters": letters})
    return gzip.compress(text.encode(), compresslevel=9, mtime=0)


def _digest(manifest: Manifest) -> str:
    return hashlib.sha256("\n".join(entry.name for entry in manifest.entries).encode()).hexdigest()
