"""`flywheel train --snapshot`: of this corpus, or of an archive, whose hashes are checked and whose proofs are not
certified again (`flywheel corpus import` does that)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from corpus.snapshot import find_snapshot
from corpus.store import Corpus
from prover.cli.context import Place
from prover.cli.output import Ticker, UserError
from prover.lean import Lean
from training.retrain import Options, Retrained, next_number, retrain, settings_for
from training.trainers.device import require_device
from training.trainers.trainer import Progress


@dataclass(frozen=True, slots=True)
class Asked:
    """The options as they were typed."""

    snapshot: str
    config: Path | None
    run: str | None
    out: Path | None
    seed: int | None
    base: Path | None
    device: str
    resume: bool


def run(place: Place, asked: Asked, tick: Ticker) -> Retrained:
    """Trains. Raises what `training.retrain` raises, UserError, and of an archive NoArchive or ImportRefused."""
    require_device(asked.device)
    file = Path(asked.snapshot)
    if file.suffix != ".zip":
        with place.corpus() as corpus, Lean(workers=1) as lean:
            return _train(corpus, lean, place, asked, asked.snapshot, tick)
    if asked.run is not None:
        raise UserError("a generation is of a snapshot in the corpus: `flywheel corpus import` the file first")
    from corpus.exchange import archive_as_corpus

    report = lambda done, total: tick("reading the archive", done, total)  # noqa: E731
    with archive_as_corpus(file, report) as (corpus, snapshot), Lean(workers=1) as lean:
        return _train(corpus, lean, place, asked, snapshot, tick)


def _train(corpus: Corpus, lean: Lean, place: Place, asked: Asked, name: str, tick: Ticker) -> Retrained:
    snapshot = find_snapshot(corpus, name).hash
    settings = settings_for(corpus, snapshot, asked.config, asked.run, seed=asked.seed)
    out = asked.out
    if out is None and asked.run is not None:
        out = place.models(asked.run) / f"M_{next_number(corpus, asked.run)}"
    elif out is None:
        out = place.home / "models" / "snapshots" / f"{snapshot[:12]}-{settings.seed}"

    def report(progress: Progress) -> None:
        note = f"epoch {progress.epoch} of {progress.epochs}, loss {progress.loss:.3f}, {progress.seconds:.0f} s"
        tick(note, progress.epoch, progress.epochs)

    options = Options(out, asked.base, asked.device, asked.resume, asked.run)
    return retrain(corpus, lean, snapshot, settings, options, report)
