"""A language model's tactics a second: this program's two engines beside plain `model.generate`, in one run.

    python -m tests.performance.bench_text [--device cuda] [--json]

All write the same number of samples of the same length from the same prompts, and no sample ends early: the table
compares engines. With random weights samples hardly ever agree, so that sharing beginnings saves next to nothing here.
The engines take turns, and each counts by its best of five: by the clock, and on the processor also by processor
seconds, which the load of other programs changes less.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Mapping

import numpy as np
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from prover.policies.text.checkpoint import decoder_of
from prover.policies.text.sampling import Endings, Sampler, SamplingOptions
from prover.policies.text.torch_decoder import TorchDecoder
from training.trainers.text_config import DecoderSizes

SAMPLES, LENGTH, PROMPT, STATES = 32, 16, 120, 4


def model_of(sizes: DecoderSizes) -> LlamaForCausalLM:
    """Random weights of the default size."""
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=sizes.vocabulary,
        hidden_size=sizes.hidden,
        intermediate_size=sizes.feed_forward,
        num_hidden_layers=sizes.layers,
        num_attention_heads=sizes.heads,
        num_key_value_heads=sizes.heads,
        tie_word_embeddings=True,
        eos_token_id=1,
        pad_token_id=0,
    )
    return LlamaForCausalLM(config).eval()


def seconds(engines: Mapping[str, Callable[[], object]], times: int = 5) -> dict[str, tuple[float, float]]:
    """By engine the least seconds and the least processor seconds of one call, over turns that they all take."""
    best = {name: (float("inf"), float("inf")) for name in engines}
    for turn in range(times + 1):
        for name, work in engines.items():
            wall, processor = time.perf_counter(), time.process_time()
            work()
            took = time.perf_counter() - wall, time.process_time() - processor
            if turn:  # the first one warms up
                best[name] = min(best[name][0], took[0]), min(best[name][1], took[1])
    return best


def measure(device: str) -> list[dict[str, object]]:
    """One row an engine. `states_per_second` counts all samples of a state."""
    torch.set_num_threads(1)
    model = model_of(DecoderSizes()).to(device)
    prompts = np.random.default_rng(0).integers(2, 1000, (STATES, PROMPT)).tolist()
    never = Endings(None, frozenset(), str)
    options = SamplingOptions(samples=SAMPLES, max_tokens=LENGTH)

    def generate() -> None:
        with torch.inference_mode():
            model.generate(
                torch.tensor(prompts, device=device),
                attention_mask=torch.ones(STATES, PROMPT, dtype=torch.long, device=device),
                do_sample=True,
                top_k=0,
                num_return_sequences=SAMPLES,
                min_new_tokens=LENGTH,
                max_new_tokens=LENGTH,
            )

    engines: dict[str, Callable[[], object]] = {"model.generate": generate}
    merged: dict[str, Sampler] = {}
    in_torch = merged["torch, prompts read once"] = Sampler(TorchDecoder(model), options, never)
    engines["torch, prompts read once"] = lambda: in_torch.sample(prompts, range(STATES))
    if device == "cpu":
        in_numpy = merged["numpy, one a search process"] = Sampler(decoder_of(model), options, never)
        engines["numpy, one a search process"] = lambda: [in_numpy.sample([one], [7]) for one in prompts]
    rows: list[dict[str, object]] = []
    for name, (took, processor) in seconds(engines).items():
        sampler = merged.get(name)
        rows.append(
            {
                "engine": name,
                "device": device,
                "seconds": took,
                "processor_seconds": processor,
                "states_per_second": STATES / took,
                "tokens_per_second": STATES * SAMPLES * LENGTH / took,
                "rows_per_sample": 1.0 if sampler is None else sampler.rows / max(1, sampler.tokens),
            }
        )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    rows = measure(asked.device)
    if asked.json:
        print(json.dumps(rows))
        return
    first, least = (float(str(rows[0][key])) for key in ("seconds", "processor_seconds"))
    print(f"{STATES} states, {SAMPLES} samples of {LENGTH} tokens each, prompts of {PROMPT} tokens, 2.9M weights")
    for row in rows:
        took, processor = float(str(row["seconds"])), float(str(row["processor_seconds"]))
        by_processor = f"{least / processor:6.1f}x by processor seconds" if asked.device == "cpu" else ""
        print(
            f"{row['engine']:<30} {row['states_per_second']:8.2f} states/s {row['tokens_per_second']:10.0f} tokens/s "
            f"{first / took:6.1f}x{by_processor}  rows a sample {row['rows_per_sample']:.2f}"
        )


if __name__ == "__main__":
    main()
