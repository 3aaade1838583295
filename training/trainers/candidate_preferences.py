"""Direct preference optimisation of the ranker, over candidates of one state.

    prefer_candidates(folder, pairs, space, config, out, seed=1)

L = -E[log sigmoid(beta (r(a+) - r(a-)))] - nll E[log pi(a+ | s)], r(a) = log pi(a | s) - log pi_ref(a | s): Rafailov et
al. 2023 (arXiv:2305.18290, equation 7), with Llama 3's likelihood term on what is chosen (arXiv:2407.21783, 4.1.4). The
reference is the model that it starts from, frozen. A ranker's distribution over the candidates is exact, so nothing is
summed over tokens. TRL knows no such model, hence this loop of its own. Dropout is off, so the loss begins at log 2.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from prover.actions.space import ActionSpace
from prover.policies.ranker.checkpoint import load_checkpoint, save_checkpoint
from prover.policies.ranker.network import ActionRanker, CandidateBatch, PromptBatch
from prover.policies.ranker.prompt import Prompt, PromptEncoder
from training.data.preferences import Preference
from training.trainers.isolation import isolated
from training.trainers.ranker_config import TrainConfig

#: The learning rate as a share of the supervised one, and passes over the pairs: a round of 60 attempts leaves some
#: hundred, which is four batches a pass. Neither was tuned.
RATE, EPOCHS = 0.2, 3


@dataclass(frozen=True, slots=True)
class Preferred:
    """What came of it. `accuracy`: share of the pairs whose better candidate has gained more on the reference;
    `likelier`: whose better candidate is the likelier one, before and after. `tokens` count padding."""

    weights_sha256: str
    pairs: int
    steps: int
    tokens: int
    accuracy: float
    likelier_before: float
    likelier: float

    @property
    def figures(self) -> dict[str, Any]:
        """All but the weights' hash: JSON."""
        return {key: value for key, value in asdict(self).items() if key != "weights_sha256"}


def prefer_candidates(
    folder: Path,
    pairs: Sequence[Preference],
    space: ActionSpace,
    config: TrainConfig,
    out: Path,
    *,
    seed: int,
    beta: float = 0.1,
    nll: float = 0.2,
    epochs: int = EPOCHS,
    device: str = "cpu",
) -> Preferred:
    """The ranker in `folder` after `epochs` over the pairs, written to `out`; a record of it joins the training's under
    `dpo`. The same pairs, settings and seed give the same bytes on one machine. Raises CheckpointError."""
    checkpoint = load_checkpoint(folder, space.repertoire)
    encoder = PromptEncoder(checkpoint.tokenizer)
    with isolated(config.threads, device):
        torch.manual_seed(seed % 2**32)
        model = ActionRanker.of(checkpoint).to(device)
        inputs = [encoder.encode(pair.situation) for pair in pairs]
        with torch.inference_mode():
            reference = torch.cat(
                [_log_probs(model, encoder, pairs, inputs, batch, device) for batch in _batches(len(pairs), 64)]
            )
        optimizer = torch.optim.AdamW(model.parameters(), lr=RATE * config.learning_rate, weight_decay=0.0)
        order, steps, tokens = np.random.Generator(np.random.Philox(seed)), 0, 0
        for _ in range(epochs):
            shuffled = order.permutation(len(pairs)).tolist()
            for places in _batches(len(pairs), config.batch_size):
                batch = [shuffled[place] for place in places]
                found = _log_probs(model, encoder, pairs, inputs, batch, device)
                loss = preference_loss(found, reference[batch], beta, nll)
                optimizer.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
                torch.nn.utils.clip_grad_norm_(model.parameters(), config.clip_norm)
                optimizer.step()
                steps += 1
                tokens += len(batch) * max(len(inputs[place].tokens) for place in batch)
        with torch.inference_mode():
            after = torch.cat(
                [_log_probs(model, encoder, pairs, inputs, batch, device) for batch in _batches(len(pairs), 64)]
            )
        model.cpu()
    gained = after - reference
    told = Preferred(
        weights_sha256="",
        pairs=len(pairs),
        steps=steps,
        tokens=tokens,
        accuracy=_share(gained[:, 0] > gained[:, 1]),
        likelier_before=_share(reference[:, 0] > reference[:, 1]),
        likelier=_share(after[:, 0] > after[:, 1]),
    )
    settings = {"beta": beta, "nll": nll, "epochs": epochs, "rate": RATE, "seed": seed}
    record = {**checkpoint.meta["training"], "dpo": {**told.figures, **settings, "reference": checkpoint.sha256}}
    preferring = replace(checkpoint, weights=model.weights)
    return replace(told, weights_sha256=save_checkpoint(out, preferring, record))


def preference_loss(log_probs: Tensor, reference: Tensor, beta: float, nll: float) -> Tensor:
    """Mean over pairs; both (pairs, 2): natural log-probabilities of the chosen and the rejected candidate."""
    gained = log_probs - reference
    margin = beta * (gained[:, 0] - gained[:, 1])
    return (-torch.nn.functional.logsigmoid(margin) - nll * log_probs[:, 0]).mean()


def _log_probs(
    model: ActionRanker,
    encoder: PromptEncoder,
    pairs: Sequence[Preference],
    inputs: Sequence[Prompt],
    batch: Sequence[int],
    device: str,
) -> Tensor:
    """(batch, 2): of the chosen and the rejected candidate of each pair."""
    candidates = [pairs[place].situation.candidates for place in batch]
    prompts = PromptBatch.of([inputs[place] for place in batch], encoder.padding).to(device)
    scores: Tensor = model(prompts, CandidateBatch.of(candidates).to(device))
    starts = np.cumsum([0, *(len(one) for one in candidates)])[:-1]
    chosen = [int(start) + pairs[place].chosen for start, place in zip(starts, batch, strict=True)]
    rejected = [int(start) + pairs[place].rejected for start, place in zip(starts, batch, strict=True)]
    return torch.stack([scores[chosen], scores[rejected]], dim=1)


def _batches(count: int, size: int) -> Iterator[range]:
    for number in range(math.ceil(count / size)):
        yield range(number * size, min(count, (number + 1) * size))


def _share(which: Tensor) -> float:
    return float(which.float().mean())
