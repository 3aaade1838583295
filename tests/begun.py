"""A round over theorems that a test or a bench has put into a corpus."""

from __future__ import annotations

from collections.abc import Sequence

from corpus.records import RoundKind, RoundRecord
from corpus.store import Corpus


def begin(
    corpus: Corpus, benchmark: str, selection: Sequence[str], arm: str = "test", stratum: str = "", seed: int = 1
) -> RoundRecord:
    """A train round of the run called `run`, which is started where it is not there yet."""
    corpus.start_run("run", {})
    return corpus.start_round(
        run="run",
        generation_id=None,
        benchmark=benchmark,
        split="train",
        stratum=stratum,
        arm=arm,
        kind=RoundKind.TRAIN,
        seed=seed,
        config={},
        selection=selection,
    )
