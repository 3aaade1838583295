"""A model from exactly one frozen set of proofs, whenever and wherever: `flywheel train --snapshot HASH`.

    with Lean(workers=1) as lean, Corpus.open("corpus.db") as corpus:
        made = retrain(corpus, lean, "3fa9", settings, Options(Path("model")))

The same snapshot, settings and seed give the same bytes on one machine. With the settings and the seed of a run they
are those of the run's own generation on that snapshot, as long as no benchmark was loaded since that has a copy of a
train statement (the tokenizer reads the train statements of the snapshot's benchmarks that are no such copies).
"""

from __future__ import annotations

import hashlib
import os
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from corpus.private import require_none_private
from corpus.records import GenerationRecord
from corpus.snapshot import Snapshot, find_snapshot
from corpus.snapshot_views import benchmarks_in
from corpus.store import Corpus
from prover.actions.space import ActionSpace
from prover.benchmarks.registry import benchmark_of
from prover.lean import Lean
from prover.policies.folder import is_checkpoint
from prover.rounds.lending import lending_of
from prover.search.streams import stream_seed
from training.config import ConfigError
from training.config import FlywheelConfig as Settings
from training.data.from_corpus import trainable, training_proofs
from training.flywheel import versions
from training.trainers.choice import base_digest, made, require_trainable, trainer_of
from training.trainers.halfway import Halfway
from training.trainers.trainer import Progress

#: How a generation came to be that no loop trained.
RECIPE = "retrain"


class CannotRetrain(Exception):
    """What was asked for cannot be started; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Options:
    """`out`: the checkpoint's folder. `base`: a checkpoint to start from, in place of fresh weights. `device`: as torch
    names it. `resume`: go on with a training of the same things that was killed. `run`: register the model as that
    run's next generation."""

    out: Path
    base: Path | None = None
    device: str = "cpu"
    resume: bool = False
    run: str | None = None


@dataclass(frozen=True, slots=True)
class Retrained:
    """The model. `seed`: as a run has it. `generation`: its record, when a run was named."""

    folder: Path
    weights_sha256: str
    snapshot: str
    proofs: int
    seed: int
    metrics: Mapping[str, Any]
    generation: GenerationRecord | None


def settings_for(corpus: Corpus, snapshot_hash: str, config: Path | None, run: str | None, **flags: Any) -> Settings:
    """What to train with: the file `config`, or else what `run` was started with, or else what the benchmark of the
    snapshot's proofs comes with. Raises ConfigError when the proofs are of benchmarks that do not share their actions
    and nobody says which to learn."""
    known = next((one for one in corpus.runs() if one.name == run), None)
    if config is None and known is not None:
        return Settings.load(started=known.config, **flags)
    given = Settings.load(config, name=run, **flags)
    if "FLYWHEEL_BENCHMARK" in os.environ or (config is not None and "benchmark" in tomllib.loads(config.read_text())):
        return given
    names = sorted({key.partition("@")[0] for key in benchmarks_in(corpus, snapshot_hash)})
    if len({benchmark_of(name).repertoire.name for name in names}) > 1:
        raise ConfigError(
            f"the snapshot has proofs of {', '.join(names)}, which do not share their actions: a --config with "
            '`benchmark = "..."` says which to learn, `flywheel corpus snapshot create --benchmark` takes one of them'
        )
    return Settings.load(config, name=run, benchmark=names[0] if names else None, **flags)


def retrain(
    corpus: Corpus,
    lean: Lean,
    snapshot_hash: str,
    settings: Settings,
    options: Options,
    report: Callable[[Progress], None] | None = None,
) -> Retrained:
    """Trains on the snapshot whose hash is or begins with this. Raises NotFound, Ambiguous, SnapshotCorrupt,
    NothingToLearn, CannotRetrain, CheckpointError, NotTheSame, Conflict for a corpus whose proofs are for one theorem's
    model alone, and what `require_trainable` raises."""
    if settings.recipe != "expert-iteration":
        raise CannotRetrain(
            f"recipe {settings.recipe} makes its models of more than a snapshot: `flywheel train --name RUN` makes the "
            "next generation of such a run, a --config without a recipe trains on the snapshot alone"
        )
    require_none_private(corpus, "trained on by `flywheel train --snapshot`")
    repertoire = benchmark_of(settings.benchmark).repertoire
    require_trainable(settings.train, options.device, repertoire)
    snapshot = find_snapshot(corpus, snapshot_hash)
    space = lean.space(repertoire)
    benchmarks = sorted(benchmarks_in(corpus, snapshot.hash))
    statements = [one.statement for benchmark in benchmarks for one in trainable(corpus, benchmark)]
    seed = stream_seed(settings.seed, "train")
    origin = {
        "snapshot": snapshot.hash,
        "proofs": snapshot.proofs,
        "human": snapshot.human,
        "benchmarks": benchmarks,
        "statements_sha256": hashlib.sha256("\n".join(statements).encode()).hexdigest(),
        "seed": settings.seed,
        "base": base_digest(settings.train, options.base, space) if options.base is not None else None,
        "device": options.device,
        "versions": versions(lean),
    }
    halfway = Halfway(options.out.with_name(f".{options.out.name}.halfway"))
    if not _is_done(options, origin, settings, space):
        if not options.resume:
            halfway.clear()
        lends = settings.library == "snapshot"
        lending = lending_of(corpus, snapshot.hash, lean.library, benchmarks) if lends else None
        trainer_of(settings.train, space, options.device, halfway, origin).train(
            training_proofs(corpus, snapshot.hash, repertoire, lending),
            options.out,
            seed=seed,
            base=options.base,
            statements=statements,
            report=report,
        )
    digest, _, metrics = made(settings.train, options.out, space)
    metrics["human"] = snapshot.human
    generation = None
    if options.run is not None:
        generation = _register(corpus, options.run, settings, snapshot, versions(lean), options.out, digest, metrics)
    return Retrained(options.out, digest, snapshot.hash, snapshot.proofs, settings.seed, metrics, generation)


def next_number(corpus: Corpus, run: str) -> int:
    """The number of a run's next generation, 0 for a run that is not there yet."""
    if run not in {one.name for one in corpus.runs()}:
        return 0
    return max((one.number for one in corpus.generations(run) if one.finished_at), default=-1) + 1


def _is_done(options: Options, origin: Mapping[str, Any], settings: Settings, space: ActionSpace) -> bool:
    """Whether this very model is in its folder already: a kill can come between training and registering. Raises
    CannotRetrain when something else is there."""
    if not options.out.exists():
        return False
    if options.resume and is_checkpoint(options.out):
        _, record, _ = made(settings.train, options.out, space)
        # As JSON has it, which is how it was written.
        if (record.get("origin"), record["config"]) == (origin, settings.train.model_dump(mode="json")):
            return True
    raise CannotRetrain(f"{options.out} is there already: choose another --out, or delete it first")


def _register(
    corpus: Corpus,
    run: str,
    settings: Settings,
    snapshot: Snapshot,
    made_with: Mapping[str, Any],
    folder: Path,
    digest: str,
    metrics: Mapping[str, Any],
) -> GenerationRecord:
    number = next_number(corpus, run)
    if run not in {one.name for one in corpus.runs()}:
        corpus.start_run(run, settings.stored())
    before = [one.id for one in corpus.generations(run) if one.finished_at]
    identifier = corpus.start_generation(
        run=run,
        number=number,
        parent=before[-1] if before else None,
        recipe=RECIPE,
        config=settings.train.model_dump(mode="json"),
        config_hash=settings.digest(),
        seeds={"train": stream_seed(settings.seed, "train")},
        versions=made_with,
        snapshot_hash=snapshot.hash,
    )
    corpus.finish_generation(identifier, model_path=str(folder), model_hash=digest, metrics=metrics)
    return corpus.generation(identifier)
