"""What a language model writes for held-out states, free and constrained to the candidates: what Lean refuses of it.

    python -m tests.performance.bench_constrained --home HOME --run NAME [--generation 4] [--theorems 40]

The same weights and the same random streams on both sides. The states are those of held-out theorems (valid) of the
run's benchmark, which has to be elementary: the first one and up to two below it, each behind the first tactic of the
grammar that Lean takes. Every distinct line is run once. Shares are of all samples: what came twice counts twice.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from time import process_time

from corpus.store import Corpus
from lean_env.session.leandojo import TacticState
from lean_env.session.outcomes import Outcome, ProofSession
from lean_env.theorem import Theorem
from prover.actions.space import ActionSpace
from prover.benchmarks.registry import benchmark_of
from prover.lean import Lean
from prover.policies.grammar import GrammarPolicy
from prover.policies.text.checkpoint import decoder_of, load_base, pieces_of, text_meta
from prover.policies.text.policy import TextOptions, TextPolicy
from prover.policy import PolicyQuery
from prover.rounds.plan import theorem_of
from training.config import FlywheelConfig

#: A theorem's states: its own and so many below it.
BELOW = 2
ACCEPTED = (Outcome.ADVANCED, Outcome.PROVED)


def policies_of(folder: Path, space: ActionSpace) -> dict[str, TextPolicy]:
    """The same weights twice. The free one keeps what the benchmark does not allow, so that it is counted."""
    options = TextOptions.model_validate(text_meta(folder)["options"])
    model, tokenizer = load_base(str(folder))
    decoder, pieces = decoder_of(model), pieces_of(tokenizer)
    return {
        name: TextPolicy(
            decoder, pieces, options.model_copy(update={"constrained": name == "constrained"}), space=space
        )
        for name in ("free", "constrained")
    }


def states_of(
    session: ProofSession, theorem: Theorem, first: TacticState, grammar: GrammarPolicy
) -> Iterator[TacticState]:
    """The first state and those below it."""
    state = first
    for depth in range(BELOW + 1):
        yield state
        (proposals,) = grammar.propose([PolicyQuery(theorem, state.pp, depth)])
        results = session.run_tacs(state, [one.tactic for one in proposals], stop_at_proof=False)
        onward = [one.result for one in results if one.outcome is Outcome.ADVANCED]
        if not onward:
            return
        state = onward[0]


def count(
    session: ProofSession, query: PolicyQuery, state: TacticState, policy: TextPolicy, space: ActionSpace
) -> Counter[str]:
    """One state's samples by what became of them, its distinct lines, and milliseconds of the model."""
    situation, allows = space.look(query.theorem.environment, query.state), space.repertoire.allows
    candidates = {situation.text(action) for action in range(len(situation.candidates))}
    started = process_time()
    (proposals,) = policy.propose([query])
    total = Counter(states=1, milliseconds=round(1000 * (process_time() - started)), lines=len(proposals))
    total["samples"] = policy.options.samples
    total["without an end"] = policy.options.samples - sum(one.count for one in proposals)
    may = [one for one in proposals if allows is None or allows(one.tactic)]
    total["not allowed"] = sum(one.count for one in proposals) - sum(one.count for one in may)
    total["no candidate"] = sum(one.count for one in may if one.tactic not in candidates)
    results = session.run_tacs(state, [one.tactic for one in may], stop_at_proof=False)
    for one, result in zip(may, results, strict=True):
        taken = result.outcome in ACCEPTED
        total["accepted" if taken else "refused by Lean"] += one.count
        total["accepted lines"] += taken
    return total


def measure(home: Path, run: str, generation: int, theorems: int) -> dict[str, Counter[str]]:
    """By policy the sums of `count`."""
    with closing(Corpus.open(str(home / "corpus.db"))) as corpus:
        (record,) = (one for one in corpus.runs() if one.name == run)
        config = FlywheelConfig.load(started=record.config)
        held_out = corpus.theorems(config.benchmark, "valid")
    chosen = [theorem_of(one) for one in held_out[:: max(1, len(held_out) // theorems)][:theorems]]
    totals: dict[str, Counter[str]] = {}
    with Lean(1, config.limits) as lean:
        space = lean.space(benchmark_of(config.benchmark).repertoire)
        policies, grammar = policies_of(home / "models" / run / f"M_{generation}", space), GrammarPolicy(space)
        for theorem in chosen:
            with lean.open_session(theorem) as (session, first):
                for number, state in enumerate(states_of(session, theorem, first, grammar)):
                    query = PolicyQuery(theorem, state.pp, number)
                    for name, policy in policies.items():
                        totals.setdefault(name, Counter()).update(count(session, query, state, policy, space))
    return totals


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--run", required=True)
    parser.add_argument("--generation", type=int, default=4)
    parser.add_argument("--theorems", type=int, default=40)
    for name, total in measure(**vars(parser.parse_args())).items():
        shares = ("without an end", "not allowed", "no candidate", "refused by Lean", "accepted")
        said = ", ".join(f"{what} {total[what] / total['samples']:.1%}" for what in shares)
        states = total["states"]
        print(f"{name}: {states} states, {total['samples']} samples: {said}")
        print(
            f"    a state: {total['lines'] / states:.1f} lines, {total['accepted lines'] / states:.1f} accepted, "
            f"model {total['milliseconds'] / states:.0f} ms"
        )


if __name__ == "__main__":
    main()
