"""The names of the splits, the same for every benchmark."""

from __future__ import annotations

TRAIN, VALID, TEST = "train", "valid", "test"
SPLITS = (TRAIN, VALID, TEST)
