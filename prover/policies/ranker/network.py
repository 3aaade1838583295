"""The ranker's network: a small Llama decoder that reads one prompt and scores every action of the state at once.

The whole prompt is known, so its tokens see each other both ways (a 4-D mask instead of the causal one). The output
token's hidden state gives a logit for each template. Each slot of each template has a learned query. Its dot product
with a pointer's hidden state says how well the pointer fills the slot. An action's probability is

    p(template | templates that have an action here) * p(pointers | template, pointers that exist here)

So the distribution over the enumerated actions is exact. Nothing is sampled, and every candidate has a score.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import torch
from torch import Tensor, nn
from transformers import LlamaConfig, LlamaModel

from prover.actions.repertoire import Repertoire
from prover.actions.space import Candidates
from prover.policies.decoder import Floats
from prover.policies.ranker.checkpoint import Checkpoint
from prover.policies.ranker.config import EPSILON, ModelConfig
from prover.policies.ranker.inference import Inference
from prover.policies.ranker.prompt import MARKS, MARKS_PER_TOKEN, Prompt

#: More than any repertoire has templates.
_STRIDE = 4096


@dataclass(frozen=True, slots=True)
class PromptBatch:
    """B prompts padded to T tokens and N pointers."""

    #: (B, T) int64
    tokens: Tensor
    #: (B, T, 5) int64
    marks: Tensor
    #: (B, T) bool, false where padded
    real: Tensor
    #: (B, N) int64, positions of the markers, 0 where padded
    pointers: Tensor

    @classmethod
    def of(cls, prompts: Sequence[Prompt], padding: int) -> PromptBatch:
        length = max(len(prompt.tokens) for prompt in prompts)
        pointers = max(1, *(len(prompt.pointers) for prompt in prompts)) if prompts else 1
        tokens = np.full((len(prompts), length), padding, dtype=np.int64)
        marks = np.zeros((len(prompts), length, MARKS_PER_TOKEN), dtype=np.int64)
        real = np.zeros((len(prompts), length), dtype=bool)
        positions = np.zeros((len(prompts), pointers), dtype=np.int64)
        for row, prompt in enumerate(prompts):
            size = len(prompt.tokens)
            tokens[row, :size] = prompt.tokens
            marks[row, :size] = prompt.marks
            real[row, :size] = True
            positions[row, : len(prompt.pointers)] = prompt.pointers
        return cls(*map(torch.from_numpy, (tokens, marks, real, positions)))

    def to(self, device: str) -> PromptBatch:
        return PromptBatch(*(tensor.to(device) for tensor in (self.tokens, self.marks, self.real, self.pointers)))


@dataclass(frozen=True, slots=True)
class CandidateBatch:
    """The candidates of B states end to end, C in all, int64.

    Candidates of one template of one state form a *group*. There are G groups, in order."""

    #: (C) each, as are the next four.
    state: Tensor
    template: Tensor
    #: Pointers.
    first: Tensor
    second: Tensor
    #: The group that a candidate belongs to.
    group: Tensor
    #: (G) each.
    group_state: Tensor
    group_template: Tensor

    @classmethod
    def of(cls, candidates: Sequence[Candidates]) -> CandidateBatch:
        state = np.repeat(np.arange(len(candidates)), [len(each) for each in candidates])
        template = np.concatenate([each.template for each in candidates])
        starts = np.flatnonzero(np.diff(state * _STRIDE + template, prepend=-1))
        group = np.zeros(len(state), dtype=np.int64)
        group[starts[1:]] = 1
        first = np.concatenate([each.first for each in candidates])
        second = np.concatenate([each.second for each in candidates])
        arrays = (state, template, first, second, np.cumsum(group), state[starts], template[starts])
        return cls(*(torch.from_numpy(np.ascontiguousarray(array)) for array in arrays))

    def to(self, device: str) -> CandidateBatch:
        return CandidateBatch(*(getattr(self, part.name).to(device) for part in fields(self)))


class ActionRanker(nn.Module):
    """Prompts in, log-probabilities of all their candidates out."""

    def __init__(self, config: ModelConfig, vocabulary: int, repertoire: Repertoire) -> None:
        super().__init__()
        self.config = config
        self.vocabulary = vocabulary
        self.repertoire = repertoire
        self.decoder = LlamaModel(
            LlamaConfig(
                vocab_size=vocabulary,
                hidden_size=config.hidden,
                intermediate_size=config.feed_forward,
                num_hidden_layers=config.layers,
                num_attention_heads=config.heads,
                num_key_value_heads=config.heads,
                max_position_embeddings=1024,
                rms_norm_eps=EPSILON,
                attn_implementation="sdpa",
                use_cache=False,
            )
        )
        self.marks = nn.Embedding(len(MARKS), config.hidden, padding_idx=0)
        self.dropout = nn.Dropout(config.dropout)
        self.template_head = nn.Linear(config.hidden, len(repertoire.templates))
        self.pointer_key = nn.Linear(config.hidden, config.hidden, bias=False)
        self.slot_query = nn.Linear(config.hidden, repertoire.slots, bias=False)
        self.value_head = nn.Linear(config.hidden, config.value_bins) if config.value_bins else None
        self._slot_number = torch.from_numpy(repertoire.slot_number)

    @classmethod
    def of(cls, checkpoint: Checkpoint) -> ActionRanker:
        """The network of a checkpoint, ready to score."""
        with torch.random.fork_rng(devices=[]):  # building a network draws weights that the next line replaces
            model = cls(checkpoint.config, checkpoint.vocabulary, checkpoint.repertoire)
        model.load_state_dict({name: torch.from_numpy(value) for name, value in checkpoint.weights.items()})
        return model.eval()

    @property
    def weights(self) -> dict[str, Floats]:
        """A copy of all of them, by name."""
        return {name: value.detach().cpu().contiguous().numpy().copy() for name, value in self.state_dict().items()}

    @property
    def inference(self) -> Inference:
        """Its forward pass in numpy, with the weights of now."""
        return Inference(self.weights, self.config, self.repertoire)

    def initialise(self, generator: torch.Generator) -> None:
        """Draws all weights from `generator`: normal with deviation 0.02, output projections of the blocks smaller
        (0.02 / sqrt(2 layers), as GPT-2), norms one, biases and padding zero."""
        deep = 0.02 / (2 * self.config.layers) ** 0.5
        with torch.no_grad():
            for name, parameter in sorted(self.named_parameters()):
                if parameter.dim() == 1:
                    parameter.fill_(0.0 if name.endswith("bias") else 1.0)
                else:
                    scale = deep if name.endswith(("o_proj.weight", "down_proj.weight")) else 0.02
                    parameter.normal_(0.0, scale, generator=generator)
            self.marks.weight[0].zero_()

    def forward(self, prompts: PromptBatch, candidates: CandidateBatch) -> Tensor:
        """Log-probability of each candidate (C): those of one state sum to one."""
        return self.judge(prompts, candidates)[0]

    def judge(self, prompts: PromptBatch, candidates: CandidateBatch) -> tuple[Tensor, Tensor | None]:
        """What `forward` gives, and the logits of the steps left (B, bins), None without a value head."""
        embedded = self.decoder.embed_tokens(prompts.tokens) + self.marks(prompts.marks).sum(dim=2)
        mask = torch.zeros_like(prompts.real, dtype=embedded.dtype).masked_fill(~prompts.real, torch.finfo().min)
        hidden = self.decoder(
            inputs_embeds=self.dropout(embedded),
            attention_mask=mask[:, None, None, :].expand(-1, 1, prompts.tokens.shape[1], -1),
        ).last_hidden_state
        hidden = self.dropout(hidden)
        pointed = hidden.gather(1, prompts.pointers[:, :, None].expand(-1, -1, hidden.shape[2]))
        template_logits = self.template_head(hidden[:, 0])
        pointer_logits = self.slot_query(self.pointer_key(pointed))
        values = None if self.value_head is None else self.value_head(hidden[:, 0])
        return self._log_probs(template_logits, pointer_logits, candidates), values

    def _log_probs(self, template_logits: Tensor, pointer_logits: Tensor, batch: CandidateBatch) -> Tensor:
        """(B, templates) and (B, N, slots) to (C)."""
        slots = self._slot_number.to(batch.template.device)[batch.template]
        score = template_logits.new_zeros(len(batch.state))
        for pointer, slot in ((batch.first, slots[:, 0]), (batch.second, slots[:, 1])):
            logits = pointer_logits[batch.state, pointer.clamp(min=0), slot.clamp(min=0)]
            score = score + torch.where(pointer >= 0, logits, 0.0)
        within = score - _log_sum_exp(score, batch.group, len(batch.group_state))[batch.group]
        template = template_logits[batch.group_state, batch.group_template]
        states = int(batch.state[-1]) + 1
        template = template - _log_sum_exp(template, batch.group_state, states)[batch.group_state]
        return within + template[batch.group]


def _log_sum_exp(values: Tensor, group: Tensor, groups: int) -> Tensor:
    """Log of the sum of exponentials of each group of `values`: (groups)."""
    largest = values.new_full((groups,), -torch.inf)
    largest = largest.scatter_reduce(0, group, values.detach(), "amax")
    total = values.new_zeros(groups).index_add(0, group, (values - largest[group]).exp())
    return total.log() + largest


def parameter_count(model: nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())
