"""What one tactic, one request and one worker may use. Every bound on untrusted work is a field here."""

from __future__ import annotations

from dataclasses import dataclass

#: Characters of one answer of a process that is not this package's own. Model text may print what it likes.
LONGEST_ANSWER = 4 << 20


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on one worker and on each tactic that it runs.

    A tactic ends by itself at `heartbeats` or at `soft_ms`; the worker is killed `hard_margin_ms` later, because some
    kernel computations (big numbers under `decide +kernel`) never look at the cancel token.
    """

    #: Lean's allocation count for one tactic in thousands, the unit of `maxHeartbeats`; Lean's own default. Up to
    #: 2,000,000: a 32-bit Lean counts no further.
    heartbeats: int = 200_000
    #: Wall clock for one tactic after which Lean's cancel token is set. A net only: heartbeats decide, so that a busy
    #: machine does not change what a search finds.
    soft_ms: int = 5_000
    #: Wall clock beyond `soft_ms` after which the worker is killed. Lean was seen to notice the token 1.5 s late.
    hard_margin_ms: int = 3_000
    #: Wall clock for requests that no cancel token covers: opening a theorem, printing, exporting, dropping.
    request_ms: int = 30_000
    #: Wall clock for the elaboration of a theorem's header, once a worker. Seen: 0.2 s, and 30 s for 100 constructors
    #: with everything derived.
    header_ms: int = 60_000
    #: Longer tactics are refused unread, as are brackets nested deeper than 200 (host/lean/tactic_text.js): parsing
    #: 20,000 parentheses costs 2 GiB.
    max_tactic_bytes: int = 4_096
    #: Address space that a worker may map beyond what it has mapped when ready (Linux). Wasm memory is reserved before
    #: that and stops at its own 2 GiB; this bounds everything else in the process.
    extra_address_space_mb: int = 2_048
    #: A worker whose wasm memory exceeds this is replaced between leases (wasm memory never shrinks; 173 MB at start).
    recycle_wasm_mb: int = 1_024

    @property
    def opening_s(self) -> float:
        """Wall seconds for a request that may have to elaborate a header first."""
        return (self.header_ms + self.hard_margin_ms + self.request_ms) / 1000

    def __post_init__(self) -> None:
        if not 0 < self.heartbeats <= 2_000_000:
            raise ValueError(f"heartbeats are in thousands and go from 1 to 2,000,000, not {self.heartbeats}")
        if self.soft_ms <= 0 or self.hard_margin_ms < 0 or self.request_ms <= 0 or self.header_ms <= 0:
            raise ValueError(f"a limit in milliseconds must be positive: {self}")
