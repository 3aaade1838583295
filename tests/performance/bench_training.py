"""Tokens a second of the ranker's training: over one and two processes, and in a loop written by hand for comparison.

    python -m tests.performance.bench_training [--states 384] [--epochs 2] [--rounds 3]

The loop has a Llama of the same size, the same batches padded to the same length, the same optimizer, dropout and
clipping, and nothing else: no pointers, no templates, no marks, a cross-entropy over the output token. All in turns,
medians, start-up left out. On a busy machine seconds say little, so processor seconds stand beside them: `critical` is
what the busiest process spends on a thousand tokens, which is how long they take where each process has a core.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable, Sequence

import numpy as np
import psutil
import torch
from torch import nn
from transformers import LlamaConfig, LlamaModel

from lean_env.benchmark.lean_logic import LogicConfig, load_lean_logic
from prover.actions.space import ActionSpace
from prover.benchmarks.registry import benchmark_of
from prover.goal import binder_groups, split_top_level
from prover.policies.ranker.network import ActionRanker, PromptBatch
from prover.policies.ranker.prompt import PromptEncoder, readable
from prover.policies.ranker.tokenizer import train_tokenizer
from training.config import FlywheelConfig
from training.data.dataset import TrainingState
from training.trainers.isolation import isolated
from training.trainers.ranker_config import TrainConfig
from training.trainers.ranker_training import Fitting
from training.trainers.side_by_side import Helpers


def made_states(count: int) -> list[TrainingState]:
    """The first states of lean-logic's statements; which of its actions is right in each is drawn."""
    space, draw = ActionSpace(None, benchmark_of("lean-logic").repertoire), np.random.default_rng(0)
    states = []
    for theorem in load_lean_logic(LogicConfig(train=count, held_out=0, beyond=0, non_theorems=0)).theorems("train"):
        binders, *conclusion = split_top_level(theorem.statement, " : ")
        locals = "".join(f"{' '.join(names)} : {type_}\n" for names, type_ in binder_groups(binders))
        situation = space.look(theorem.environment, f"{locals}⊢ {' : '.join(conclusion)}")
        if len(situation.candidates):
            right = int(draw.integers(len(situation.candidates)))
            states.append(TrainingState(situation, {right: 1.0}, 1.0, False))
    return states


class Clock:
    """Asked at the end of each epoch: wall seconds, and processor seconds of this process and of each helper."""

    def __init__(self, helpers: Sequence[int] = ()) -> None:
        self.helpers = [psutil.Process(pid) for pid in helpers]
        self.seen: list[list[float]] = []

    def __call__(self, _progress: object = None) -> None:
        others = [process.cpu_times() for process in self.helpers]
        self.seen.append([time.perf_counter(), time.process_time(), *(times.user + times.system for times in others)])

    def figures(self, tokens: int) -> dict[str, float]:
        """Of all epochs but the first, which has the start-up."""
        wall, *processes = (after - before for before, after in zip(self.seen[0], self.seen[-1], strict=True))
        return {
            "tokens_per_s": tokens / wall,
            "tokens_per_cpu_s": tokens / sum(processes),
            "critical_ms_per_1000": 1e6 * max(processes) / tokens,
        }


def ours(states: Sequence[TrainingState], config: TrainConfig, processes: int) -> dict[str, float]:
    """The project's own training."""
    repertoire = states[0].situation.repertoire
    encoder = PromptEncoder(train_tokenizer([readable(state.situation) for state in states], config.vocabulary))
    model = ActionRanker(config.model, encoder.vocabulary, repertoire)
    model.initialise(torch.Generator().manual_seed(0))
    with Helpers(processes - 1) as helpers, isolated(1, "cpu"):
        clock, fitting = Clock(helpers.pids), Fitting(model, encoder, config, 0, "cpu", helpers)
        fitting.fit(states, clock)
    return clock.figures(fitting.tokens * (config.epochs - 1) // config.epochs)


def by_hand(states: Sequence[TrainingState], config: TrainConfig) -> dict[str, float]:
    """A plain loop."""
    encoder = PromptEncoder(train_tokenizer([readable(state.situation) for state in states], config.vocabulary))
    prompts = sorted((encoder.encode(state.situation) for state in states), key=lambda prompt: len(prompt.tokens))
    size = config.batch_size
    batches = [PromptBatch.of(prompts[i : i + size], encoder.padding) for i in range(0, len(prompts), size)]
    sizes = config.model
    with isolated(1, "cpu"):
        torch.manual_seed(0)
        decoder = LlamaModel(
            LlamaConfig(
                vocab_size=encoder.vocabulary, hidden_size=sizes.hidden, intermediate_size=sizes.feed_forward,
                num_hidden_layers=sizes.layers, num_attention_heads=sizes.heads, num_key_value_heads=sizes.heads,
                attn_implementation="sdpa", use_cache=False,
            )
        )  # fmt: skip
        head, dropout = nn.Linear(sizes.hidden, 64), nn.Dropout(sizes.dropout)
        weights = [*decoder.parameters(), *head.parameters()]
        optimizer = torch.optim.AdamW(weights, lr=config.learning_rate, weight_decay=config.weight_decay)
        clock, tokens = Clock(), 0
        for epoch in range(config.epochs):
            for batch in batches:
                mask = batch.real[:, None, None, :].expand(-1, 1, batch.tokens.shape[1], -1)
                hidden = decoder(
                    inputs_embeds=dropout(decoder.embed_tokens(batch.tokens)), attention_mask=mask
                ).last_hidden_state
                loss = nn.functional.cross_entropy(head(dropout(hidden[:, 0])), batch.tokens[:, 2] % 64)
                optimizer.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(weights, config.clip_norm)
                optimizer.step()
                tokens += batch.tokens.numel() if epoch else 0
            clock()
    return clock.figures(tokens)


def bench_training(states: int = 384, epochs: int = 2, rounds: int = 3) -> dict[str, dict[str, float]]:
    """Medians over the rounds of what `Clock.figures` says, by who trains."""
    train = FlywheelConfig.load(None, benchmark="lean-logic").train
    assert isinstance(train, TrainConfig)
    config, made = train.model_copy(update={"epochs": 1 + epochs}), made_states(states)
    ways: dict[str, Callable[[], dict[str, float]]] = {
        "by hand": lambda: by_hand(made, config),
        "one process": lambda: ours(made, config, 1),
        "two processes": lambda: ours(made, config, 2),
    }
    found: dict[str, list[dict[str, float]]] = {way: [] for way in ways}
    for _ in range(rounds):
        for way, measured in ways.items():
            found[way].append(measured())
    return {
        way: {figure: statistics.median(one[figure] for one in all_) for figure in all_[0]}
        for way, all_ in found.items()
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--states", type=int, default=384)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    print(json.dumps(bench_training(**vars(parser.parse_args())), indent=1))
