"""Lines of text from a causal language model, all samples of all states together.

Samples that have begun with the same tokens are one row until they part. So a batch holds what differs and nothing
twice: 32 samples of a tactic are about six rows. The distribution is that of independent samples, since each sample
draws its own next token. A sample that has ended leaves the batch.

What may be written can be constrained (`Constraint`). Then each next token is drawn from the model's distribution over
those that may come next, renormalised, and log-probabilities are sums of these. That is not the model's distribution
over whole texts given that one of the allowed ones comes out: a beginning is as likely as it is beside the other
beginnings, whatever the model would go on with (Park et al. 2024, arXiv:2405.21047, section 3).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field

Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]


class SamplingOptions(BaseModel):
    """How lines are sampled. `top_p` keeps the smallest set of tokens with that much probability (1: all)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    samples: int = Field(default=16, gt=0)
    temperature: float = Field(default=1.0, gt=0)
    top_p: float = Field(default=1.0, gt=0, le=1)
    max_tokens: int = Field(default=64, gt=0)
    #: A longer prompt loses its beginning: the goal stands at its end.
    max_prompt_tokens: int = Field(default=1024, gt=0)


class Reading(Protocol):
    """Prompts that a model has read, and rows of text that go on from them. V is the size of the vocabulary."""

    @property
    def logits(self) -> Floats:
        """What comes next in each row: (R, V). At first a row a prompt, in order."""
        ...

    def extend(self, parents: Integers, tokens: Integers) -> None:
        """New rows in place of the old: row i is the old row `parents[i]` with `tokens[i]` behind it, (R) each."""
        ...


class Decoder(Protocol):
    """A model that reads prompts."""

    def read(self, prompts: Sequence[Sequence[int]]) -> Reading:
        """All of them in one batch. None of them is empty."""
        ...


class Constraint(Protocol):
    """Where a text stands among those that may be written. Without one any may."""

    def tokens(self) -> Integers:
        """The tokens that may come next, at least one: (A)."""
        ...

    def after(self, token: int) -> Constraint:
        """Behind one of `tokens` that does not end the text."""
        ...


@dataclass(frozen=True, slots=True)
class Endings:
    """Where a line ends: at the token `end`, or at one of `breaks`, whose text has a line break, if anything but white
    space stands before it."""

    end: int | None
    breaks: frozenset[int]
    decode: Callable[[list[int]], str]


@dataclass(frozen=True, slots=True)
class Sample:
    """A line with its natural log-probability under the model, untempered, its end included, and how often it came.
    Where a constraint holds, it is under the model renormalised token by token."""

    text: str
    log_prob: float
    count: int


@dataclass(frozen=True, slots=True)
class _Row:
    """The beginning that `count` samples of a state share; `constraint` says what may stand behind it."""

    state: int
    tokens: tuple[int, ...]
    log_prob: float
    count: int
    constraint: Constraint | None


@dataclass(slots=True)
class Sampler:
    """`tokens` counts what was drawn, as samples count: a token that ten of them share is ten. `rows` counts rows that
    went through the model."""

    decoder: Decoder
    options: SamplingOptions
    endings: Endings
    tokens: int = 0
    rows: int = 0

    def sample(
        self,
        prompts: Sequence[Sequence[int]],
        seeds: Sequence[int],
        constraints: Sequence[Constraint | None] | None = None,
    ) -> list[list[Sample]]:
        """For each prompt the lines that ended within `max_tokens`, likeliest first. Each draws from its own seed.
        `constraints`: what may be written, one a prompt."""
        if not prompts:
            return []
        options = self.options
        finished: list[dict[str, Sample]] = [{} for _ in prompts]
        generators = [np.random.Generator(np.random.Philox(seed % 2**64)) for seed in seeds]
        reading = self.decoder.read([prompt[-options.max_prompt_tokens :] for prompt in prompts])
        begun = constraints or [None] * len(prompts)
        rows = [_Row(state, (), 0.0, options.samples, begun[state]) for state in range(len(prompts))]
        for length in range(options.max_tokens):
            log_probs = _log_softmax(_constrained(reading.logits, [row.constraint for row in rows]))
            mass = np.cumsum(_trimmed(log_probs, options), axis=1, dtype=np.float64)
            parents: list[int] = []
            grown: list[_Row] = []
            for number, row in enumerate(rows):
                points = generators[row.state].random(row.count) * mass[number, -1]
                drawn, counts = np.unique(np.searchsorted(mass[number], points, side="right"), return_counts=True)
                self.tokens += row.count
                for token, count in zip(drawn.tolist(), counts.tolist(), strict=True):
                    log_prob = row.log_prob + float(log_probs[number, token])
                    one = _Row(row.state, (*row.tokens, token), log_prob, count, row.constraint)
                    if (text := self._ended(one)) is None:
                        parents.append(number)
                        behind = row.constraint
                        grown.append(one if behind is None else replace(one, constraint=behind.after(token)))
                    elif text:
                        _keep(finished[row.state], Sample(text, log_prob, count))
            if not grown or length + 1 == options.max_tokens:
                break
            rows = grown
            self.rows += len(rows)
            reading.extend(np.array(parents), np.array([row.tokens[-1] for row in rows]))
        return [sorted(lines.values(), key=lambda line: (-line.log_prob, line.text)) for lines in finished]

    def _ended(self, row: _Row) -> str | None:
        """The line of a row that has ended, '' for an empty one; None while it goes on."""
        token = row.tokens[-1]
        if token == self.endings.end:
            return self.endings.decode(list(row.tokens[:-1])).strip()
        if token not in self.endings.breaks:
            return None
        line, broken, _ = self.endings.decode(list(row.tokens)).lstrip().partition("\n")
        return line.strip() if broken else None


def _keep(lines: dict[str, Sample], new: Sample) -> None:
    """Two ways of spelling one line are one sample with the likelier one's log-probability."""
    known = lines.get(new.text)
    if known is not None:
        new = Sample(new.text, max(known.log_prob, new.log_prob), known.count + new.count)
    lines[new.text] = new


def _constrained(logits: Floats, constraints: Sequence[Constraint | None]) -> Floats:
    """Without what may not come next, (R, V): its log-probability is minus infinity."""
    if all(constraint is None for constraint in constraints):
        return logits
    limited = logits.copy()
    for row, constraint in enumerate(constraints):
        if constraint is not None:
            may = constraint.tokens()
            limited[row] = -np.inf
            limited[row, may] = logits[row, may]
    return limited


def _log_softmax(logits: Floats) -> Floats:
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_probs: Floats = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return log_probs


def _trimmed(log_probs: Floats, options: SamplingOptions) -> Floats:
    """What tokens are drawn from, up to a factor: (R, V)."""
    weights: Floats = np.exp(log_probs / options.temperature if options.temperature != 1 else log_probs)
    if options.top_p < 1:
        order = np.argsort(-weights, axis=1, kind="stable")
        ordered = np.take_along_axis(weights, order, axis=1)
        before = np.cumsum(ordered, axis=1) - ordered
        # A token stays while the mass before it is below top_p, so the likeliest always does.
        beyond = before >= options.top_p * ordered.sum(axis=1, keepdims=True)
        np.put_along_axis(weights, order, np.where(beyond, np.float32(0), ordered), axis=1)
    return weights
