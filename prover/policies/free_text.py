"""Tactics from any causal language model of Hugging Face: text in, sampled lines of text out.

    policy = FreeTextPolicy.load("my-org/my-prover")    # a local folder, or a hub model downloaded before

The prompt is `FreeTextOptions.prompt`, filled in by `prompt.py`. So models trained on another layout can be used:
BFS-Prover's wants `"{state}:::"`. A sample ends at the first line break or end-of-text token. What has not ended after
`max_tokens` is thrown away.

This is for models that have seen Lean. A network of a million weights trained from scratch does better as a ranker.
With the same size and data, free generation solved 2 theorems of 81, ranking 22.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor
from transformers import AutoModelForCausalLM, AutoTokenizer

from prover.policies.prompt import DEFAULT_PROMPT, prompt_of
from prover.policy import PolicyQuery, Proposal


class FreeTextOptions(BaseModel):
    """How lines are sampled. `top_p` keeps the smallest set of tokens with that much probability (1: all)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    prompt: str = DEFAULT_PROMPT
    samples: int = Field(default=16, gt=0)
    temperature: float = Field(default=1.0, gt=0)
    top_p: float = Field(default=1.0, gt=0, le=1)
    max_tokens: int = Field(default=64, gt=0)
    #: A longer prompt loses its beginning: the goal stands at its end.
    max_prompt_tokens: int = Field(default=1024, gt=0)


#: A model trained on text from elsewhere may have seen the benchmarks' statements with their proofs.
CONTAMINATED = "contaminated"


class ModelUnavailable(Exception):
    """The model could not be loaded; the message says what was tried."""


class FreeTextPolicy:
    """A causal language model as a policy.

    All samples of a state run as one batch over one shared prefix (KV cache). Each state has its own random stream, so
    its samples do not depend on the other states of a call. `log_prob` is the model's own, untempered, end included.
    """

    def __init__(self, model: Any, tokenizer: Any, options: FreeTextOptions | None = None, name: str = "text") -> None:
        self._model = model.eval()
        self._tokenizer = tokenizer
        self._options = options or FreeTextOptions()
        self._name = name
        self.tokens_generated = 0

    @classmethod
    def load(
        cls, source: str, options: FreeTextOptions | None = None, *, device: str = "cpu", dtype: str = "auto"
    ) -> FreeTextPolicy:
        """A model and its tokenizer from a local folder, or by hub name from the local hub cache: nothing is downloaded
        here. Its name says CONTAMINATED wherever results are shown. Raises ModelUnavailable."""
        try:
            tokenizer = AutoTokenizer.from_pretrained(source, local_files_only=True)
            model = AutoModelForCausalLM.from_pretrained(source, dtype=dtype, local_files_only=True)
        except (OSError, ValueError) as error:
            raise ModelUnavailable(
                f"no causal language model could be loaded from {source!r}: {error}. "
                "Give a folder with config.json, weights and tokenizer, or the name of a hub model downloaded before"
            ) from error
        return cls(model.to(device), tokenizer, options, f"{source} ({CONTAMINATED})")

    @property
    def name(self) -> str:
        return self._name

    def propose(self, queries: Sequence[PolicyQuery]) -> list[list[Proposal]]:
        return [self._propose(query) for query in queries]

    def _propose(self, query: PolicyQuery) -> list[Proposal]:
        header = query.theorem.environment.header
        prompt = prompt_of(
            self._options.prompt, query.state, query.theorem.name, header.text if header is not None else ""
        )
        best: dict[str, float] = {}
        for text, log_prob in self._sample(prompt, query.seed):
            tactic = text.strip()
            if tactic:
                best[tactic] = max(log_prob, best.get(tactic, -float("inf")))
        return [Proposal(tactic, log_prob) for tactic, log_prob in sorted(best.items(), key=lambda item: -item[1])]

    @torch.inference_mode()
    def _sample(self, prompt: str, seed: int) -> list[tuple[str, float]]:
        """Finished samples of one prompt with their log-probabilities, in the order drawn."""
        options = self._options
        device = self._model.device
        generator = torch.Generator(device).manual_seed(seed % 2**63)
        ids = self._tokenizer(prompt, return_tensors="pt").input_ids[:, -options.max_prompt_tokens :].to(device)
        output = self._model(ids, use_cache=True)
        cache = output.past_key_values
        cache.batch_repeat_interleave(options.samples)
        logits = output.logits[:, -1].expand(options.samples, -1)
        log_probs = torch.zeros(options.samples, device=device)
        texts = [""] * options.samples
        running = [True] * options.samples
        tokens: list[list[int]] = [[] for _ in texts]
        for _ in range(options.max_tokens):
            drawn = _draw(logits, options, generator)
            step = torch.log_softmax(logits.float(), dim=-1).gather(1, drawn)[:, 0]
            log_probs += torch.where(torch.tensor(running, device=device), step, 0.0)
            for row, token in enumerate(drawn[:, 0].tolist()):
                if not running[row]:
                    continue
                self.tokens_generated += 1
                if token == self._tokenizer.eos_token_id:
                    running[row] = False
                    continue
                tokens[row].append(token)
                texts[row] = self._tokenizer.decode(tokens[row], skip_special_tokens=True)
                running[row] = "\n" not in texts[row].lstrip()
            if not any(running):
                break
            logits = self._model(drawn, past_key_values=cache, use_cache=True).logits[:, -1]
        finished = [row for row in range(options.samples) if not running[row]]
        return [(texts[row].lstrip().split("\n")[0], float(log_probs[row])) for row in finished]


def _draw(logits: Tensor, options: FreeTextOptions, generator: torch.Generator) -> Tensor:
    """One token for each row, (rows, 1), from the tempered and trimmed distribution."""
    probabilities = torch.softmax(logits.float() / options.temperature, dim=-1)
    if options.top_p < 1:
        ordered, order = probabilities.sort(dim=-1, descending=True)
        # A token stays while the mass before it is below top_p, so the likeliest always does.
        beyond = ordered.cumsum(dim=-1) - ordered >= options.top_p
        probabilities = probabilities.masked_fill(beyond.scatter(1, order, beyond), 0.0)
    return torch.multinomial(probabilities, 1, generator=generator)
