"""The samples of an attempt with the kernel's verdict on each, as the corpus keeps them with the attempt.

A search that ran whole proofs claims one of them. Those others that left no goals are asked about too, so that a filter
that sees samples can be compared with the kernel afterwards. Their certificates are not stored: they are no proofs of
the corpus, only verdicts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from prover.search.samples import Sample, SampleOutcome

#: `certified`: the kernel accepts it. `rejected`: replay or the gate does not. `undecided`: neither could say. Other
#: samples never came so far, and their verdict is their outcome: Lean refuses a line, goals are left, not run.
CERTIFIED, REJECTED, UNDECIDED = "certified", "rejected", "undecided"

#: A verdict and why.
Verdict = tuple[str, str]


def with_verdicts(
    samples: Sequence[Sample],
    known: Mapping[tuple[str, ...], Verdict],
    ask: Callable[[tuple[str, ...]], Verdict],
) -> list[dict[str, Any]]:
    """JSON of each sample. `known`: verdicts by tactics that are not asked for again."""
    judged, stored = dict(known), []
    for sample in samples:
        verdict: Verdict = (str(sample.outcome), sample.reason)
        if sample.outcome is SampleOutcome.CLOSED:
            if sample.tactics not in judged:
                judged[sample.tactics] = ask(sample.tactics)
            verdict = judged[sample.tactics]
        stored.append(
            {
                "text": sample.text,
                "tactics": list(sample.tactics),
                "log_prob": round(sample.log_prob, 4),
                "count": sample.count,
                "verdict": verdict[0],
                "reason": verdict[1],
            }
        )
    return stored
