"""Which errors are meant for the user, and the exit code of each. All others are faults in the program.

By name, because importing all these classes takes seconds (torch, LeanDojo), and whoever reads that an import is
missing should not wait for them. A class that was never imported cannot have been raised.
"""

from __future__ import annotations

from prover.cli.output import CANNOT_START, FAILED, INTERRUPTED

#: A class stands for its subclasses too.
EXIT_CODES = {
    "prover.cli.output:WorkFailed": FAILED,
    "prover.rounds.progress:RoundFailed": FAILED,
    "prover.policies.server.client:ServerLost": FAILED,
    "corpus.errors:SnapshotCorrupt": FAILED,
    "corpus.errors:RowCorrupt": CANNOT_START,
    "corpus.errors:ImportRefused": FAILED,
    "lean_env.gate.disagreement:KernelsDisagree": FAILED,
    "lean_env.embedded.worker:WorkerTimeout": FAILED,
    "training.experiments.demo.first_proof:NotProved": FAILED,
    "training.trainers.side_by_side:HelperDied": FAILED,
    "training.events:Interrupted": INTERRUPTED,
    "prover.cli.output:UserError": CANNOT_START,
    "lean_env.embedded.errors:NotInstalled": CANNOT_START,
    "lean_env.embedded.errors:SetupError": CANNOT_START,
    "lean_env.embedded.pool:NoWorker": CANNOT_START,
    "lean_env.library.index:LibraryUnavailable": CANNOT_START,
    "lean_env.native.errors:NativeUnavailable": CANNOT_START,
    "lean_env.benchmark.lean_core.manifest:ManifestError": CANNOT_START,
    "prover.benchmarks.contract:UnknownBenchmark": CANNOT_START,
    "prover.benchmarks.contract:OtherLibrary": CANNOT_START,
    "corpus.errors:CorpusError": CANNOT_START,
    "training.config:ConfigError": CANNOT_START,
    "prover.policies.folder:CheckpointError": CANNOT_START,
    "prover.policies.text.checkpoint:ModelUnavailable": CANNOT_START,
    "prover.policies.text.constraint:CannotConstrain": CANNOT_START,
    "prover.policies.server.client:ServerRefused": CANNOT_START,
    "prover.rounds.cluster:ClusterUnavailable": CANNOT_START,
    "training.retrain:CannotRetrain": CANNOT_START,
    "training.recipes.recipe:RecipeRefused": CANNOT_START,
    "training.trainers.device:NoDevice": CANNOT_START,
    "training.trainers.choice:ExtraMissing": CANNOT_START,
    "training.trainers.choice:NoPremises": CANNOT_START,
    "training.trainers.halfway:NotTheSame": CANNOT_START,
    "training.trainers.trainer:NothingToLearn": CANNOT_START,
}


def exit_code(error: Exception) -> int | None:
    """The exit code of an error whose text is meant for the user; None for a fault in the program. Where two classes
    fit, the nearer one counts."""
    for kind in type(error).__mro__:
        code = EXIT_CODES.get(f"{kind.__module__}:{kind.__qualname__}")
        if code is not None:
            return code
    return None
