"""The demo's two subsets, and which one a machine gets: both fixed, so that what was found can be found again.

    subset = begun(corpus) or choose(measure(lean, workers))

`flywheel demo --subset` chooses by hand.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources

from corpus.store import Corpus
from training.config import FlywheelConfig
from training.experiments.demo.machine import Machine


@dataclass(frozen=True, slots=True)
class Subset:
    """`files`: the settings of the two runs, in order, in the package `training`. `lean_steps`: the work that Lean does
    for both, in steps of the mix that `measure` runs. `forwards`: the work of this process (network, retrieval, search,
    database, training), in forwards of the network that `measure` runs."""

    name: str
    files: tuple[str, ...]
    lean_steps: int
    forwards: int

    def settings(self, workers: int | None = None) -> list[FlywheelConfig]:
        """The two runs' settings."""
        found = []
        for name in self.files:
            with resources.as_file(resources.files("training").joinpath(name)) as file:
                found.append(FlywheelConfig.load(file, workers=workers))
        return found

    def minutes(self, machine: Machine) -> float:
        """How long both runs should take on this machine. Lean's work is shared out over the workers; this process has
        one interpreter, and its own work fills one core at the most."""
        lean = self.lean_steps / machine.steps_per_second
        own = self.forwards * machine.forward_ms / 1000
        return _IDLE * max((lean + own) / machine.workers, own) / 60


#: Wall time times cores over processor time in the demo's runs: now and then one core waits for the other.
_IDLE = 1.15

# Estimates, good enough to choose by. The processor time of the small subset was measured on a busy machine and divided
# by how much slower the mix ran there than on an idle one. The full subset's follows from its counts, scaled to what an
# idle machine of two cores takes for it: 8.5 minutes (results/demo.md), with 138 steps/s and 0.65 ms a forward.
FULL = Subset("full", ("demo_logic.toml", "demo.toml"), lean_steps=77_000, forwards=508_000)
SMALL = Subset("small", ("demo_logic_small.toml", "demo_small.toml"), lean_steps=24_000, forwards=215_000)
SUBSETS = {subset.name: subset for subset in (FULL, SMALL)}

#: The full subset where both runs end within so many minutes. With downloads and installation, which took another 2.4
#: minutes where the runs took 8.5, and 7 where they took 21, that is a demo of 15 minutes.
LONGEST = 11.0


def choose(machine: Machine) -> Subset:
    """The full subset for a machine that gets through it in time, the small one for any other."""
    return FULL if FULL.minutes(machine) <= LONGEST else SMALL


def begun(corpus: Corpus) -> Subset | None:
    """The subset of a demo that this corpus has begun, whatever the machine would get now; None for a new one."""
    names = {run.name for run in corpus.runs()}
    for subset in SUBSETS.values():
        if names & {settings.name for settings in subset.settings()}:
            return subset
    return None


def begin(corpus: Corpus, subset: Subset) -> None:
    """Notes in the corpus that a demo with this subset has begun: the first run's row. A killed demo keeps its subset
    from here on."""
    first = subset.settings()[0]
    corpus.start_run(first.name, first.stored())
