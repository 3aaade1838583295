"""A causal language model as a policy: text in, sampled lines of text out.

The prompt is made by `prompt.py` from the layout in the options. What a benchmark does not allow is dropped. With
`constrained` nothing but the candidates of a state's action space is ever written, and log-probabilities are
renormalised (`sampling.py` says how).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pydantic import ConfigDict, Field
from tokenizers import Tokenizer

from lean_env.theorem import Environment
from prover.actions.space import ActionSpace
from prover.policies.prompt import DEFAULT_PROMPT, prompt_of
from prover.policies.text.constraint import Guide, Vocabulary, guide_of, vocabulary_of
from prover.policies.text.llama import LlamaDecoder
from prover.policies.text.sampling import Decoder, Endings, Sampler, SamplingOptions
from prover.policy import PolicyQuery, Proposal
from prover.search.samples import tactics_of

#: A model trained on text from elsewhere may have seen the benchmarks' statements with their proofs.
CONTAMINATED = "contaminated"


class TextOptions(SamplingOptions):
    """What the model is shown and how it is sampled. `prompt`: a layout, such as BFS-Prover's `{state}:::`. `whole`: it
    writes a proof, a tactic a line, and not one tactic. `constrained`: it writes candidates of the action space and
    nothing else."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    prompt: str = DEFAULT_PROMPT
    whole: bool = Field(default=False, exclude_if=lambda value: not value)
    constrained: bool = Field(default=False, exclude_if=lambda value: not value)


class Pieces:
    """Text to tokens and back. `end` is the token that ends a text; a model may have none."""

    def __init__(self, tokenizer: Tokenizer, end: int | None) -> None:
        self._tokenizer = tokenizer
        self.end = end

    def prompt(self, options: TextOptions, environment: Environment, name: str, state: str) -> list[int]:
        """What the model reads, in search as in training. A longer one loses its beginning."""
        header = environment.header
        text = prompt_of(options.prompt, state, name, header.text if header is not None else "")
        ids: list[int] = self._tokenizer.encode(text).ids
        # A model without a mark for the beginning has nothing to read of an empty text.
        return ids[-options.max_prompt_tokens :] or [self.end or 0]

    def tactic(self, text: str) -> list[int]:
        """What the model is to write, its end included."""
        return [*self.tokens(text), *([] if self.end is None else [self.end])]

    def tokens(self, text: str) -> list[int]:
        """What the model writes for a text that goes on."""
        ids: list[int] = self._tokenizer.encode(text, add_special_tokens=False).ids
        return ids

    def decode(self, tokens: list[int]) -> str:
        text: str = self._tokenizer.decode(tokens, skip_special_tokens=True)
        return text

    def vocabulary(self) -> Vocabulary:
        """The tokens by their bytes. Raises CannotConstrain."""
        return vocabulary_of(self._tokenizer, self.end)

    def endings(self) -> Endings:
        each = self._tokenizer.decode_batch([[token] for token in range(self._tokenizer.get_vocab_size())])
        breaks = frozenset(token for token, text in enumerate(each) if "\n" in text)
        return Endings(self.end, breaks, self.decode)


class TextPolicy:
    """`allows` says which tactics may stand in a proof (all for None). `space` has the candidates, if the options want
    these alone (CannotConstrain is raised where the vocabulary cannot do that).

    Each state has its own random stream, so its samples do not depend on the other states of a call, up to the rounding
    of a larger batch. `log_prob` is the model's own, untempered, end included; where it is constrained, renormalised.
    """

    def __init__(
        self,
        decoder: Decoder,
        pieces: Pieces,
        options: TextOptions | None = None,
        name: str = "text",
        allows: Callable[[str], bool] | None = None,
        beginnings: Mapping[str, str] | None = None,
        space: ActionSpace | None = None,
    ) -> None:
        self._pieces, self._options, self._name, self._allows = pieces, options or TextOptions(), name, allows
        self._beginnings, self._space = dict(beginnings or {}), space
        if self._options.constrained and space is None:
            raise ValueError("what is written can be constrained only to the candidates of an action space")
        self._vocabulary = pieces.vocabulary() if self._options.constrained else None
        endings = pieces.endings()
        if self._options.whole:
            endings = replace(endings, breaks=frozenset())
        self.sampler = Sampler(decoder, self._options, endings)

    def __reduce__(self) -> tuple[type[TextPolicy], tuple[Any, ...]]:
        return TextPolicy, (
            self.sampler.decoder,
            self._pieces,
            self._options,
            self._name,
            self._allows,
            self._beginnings,
            self._space,
        )

    def beginning_with(self, beginnings: Mapping[str, str]) -> TextPolicy:
        """The same model, whose text for these theorems begins with this, as if it had written it. `log_prob` is of
        what it wrote behind it."""
        return TextPolicy(
            self.sampler.decoder, self._pieces, self._options, self._name, self._allows, beginnings, self._space
        )

    @property
    def portable(self) -> bool:
        """Whether each search process has its own. A model in torch stays in one process, and is asked from there."""
        return isinstance(self.sampler.decoder, LlamaDecoder)

    @property
    def options(self) -> TextOptions:
        return self._options

    @property
    def name(self) -> str:
        return self._name

    def propose(self, queries: Sequence[PolicyQuery]) -> list[list[Proposal]]:
        batches = [[query] for query in queries] if self.portable else [queries]
        return [proposals for batch in batches for proposals in self._propose(batch)]

    def _propose(self, queries: Sequence[PolicyQuery]) -> list[list[Proposal]]:
        prompts = [
            self._pieces.prompt(self._options, query.theorem.environment, query.theorem.name, query.state)
            for query in queries
        ]
        begun = [self._beginnings.get(query.theorem.name, "") for query in queries]
        prompts = [
            [*prompt, *(self._pieces.tokens(text) if text else ())] for prompt, text in zip(prompts, begun, strict=True)
        ]
        constraints = list(map(self._constraint, queries))
        answers = self.sampler.sample(prompts, [query.seed for query in queries], constraints)
        return [
            [
                Proposal(text, sample.log_prob, count=sample.count)
                for sample in samples
                if self._may(text := (start + sample.text if start else sample.text))
            ]
            for start, samples in zip(begun, answers, strict=True)
        ]

    def _constraint(self, query: PolicyQuery) -> Guide | None:
        """What may be written for this state, where the options say that not everything may."""
        if self._vocabulary is None or self._space is None:
            return None
        situation = self._space.look(query.theorem.environment, query.state)
        return guide_of(self._vocabulary, map(situation.text, range(len(situation.candidates))))

    def _may(self, text: str) -> bool:
        """Whether what was written may stand in a proof: of a whole proof each line that is a tactic."""
        if self._allows is None:
            return True
        return all(map(self._allows, tactics_of(text) if self._options.whole else [text]))
