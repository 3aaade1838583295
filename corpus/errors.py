"""What can go wrong with a corpus. Every message says what happened, why it may have, and which command helps."""

from __future__ import annotations


class CorpusError(Exception):
    """Any refusal of the corpus; nothing was written."""


class CorpusMissing(CorpusError):
    """There is no corpus at this address and the caller did not ask to create one."""


class SchemaMismatch(CorpusError):
    """The database has another schema revision than this code, or is no corpus at all."""


class CorpusUnusable(CorpusError):
    """The database did not answer, or refuses: locked, full, read-only, damaged, a wrong password."""


class NotFound(CorpusError, LookupError):
    """A run, benchmark, theorem, generation, proof or snapshot of that name is not in the corpus."""


class Conflict(CorpusError):
    """Something of the same key but with other content is stored already; stored things do not change."""


class LeakageError(CorpusError):
    """A training proof goes through a statement that is held out for validation or test."""


class ImportRefused(CorpusError):
    """Something in an archive is not what it says, or the gate does not certify it here. Nothing was written."""


class SnapshotCorrupt(CorpusError):
    """The rows of a snapshot no longer hash to what they hashed to when it was taken."""


class Ambiguous(CorpusError):
    """Several things have the name or the beginning of a hash that was asked for; the text lists them."""


class RowCorrupt(CorpusError):
    """A stored row was changed from outside in a way that cannot be read; the text names it."""
