"""The default policy: a trained network that scores every enumerated action of a state, one state a forward.

Each forward pass has one state and one thread. The shapes that the arithmetic sees then depend on the state alone, and
its proposals are the same bits whatever else is in the batch or on the machine.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from threading import Lock
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field

from lean_env.theorem import Environment
from prover.actions.space import ActionSpace, Situation
from prover.goal import first_goal
from prover.policies.portfolio import prior
from prover.policies.ranker.inference import Inference
from prover.policies.ranker.prompt import PromptEncoder
from prover.policy import PolicyQuery, Proposal


class RankerOptions(BaseModel):
    """How the network's distribution becomes proposals. Evaluation runs the defaults, or what was chosen on valid.

    Rounds on the train split mix in the portfolio's prior, so that what the network never tries is still tried."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    temperature: float = Field(default=1.0, gt=0)
    #: Share of the portfolio's hand-set prior in the mixture.
    prior_weight: float = Field(default=0.0, ge=0, lt=1)
    #: Nats taken off per unit of log(milliseconds of the template / 6).
    time_discount: float = Field(default=0.0, ge=0)
    top_k: int = Field(default=40, gt=0)


class RankerPolicy:
    """A trained network as a policy. `tokens_read` and `states_read` count what went through the network."""

    #: Every search process has its own (prover/rounds/messages.py).
    portable = True
    #: Several threads may ask at a time (BatchingPolicy). A thread that waits for another's answer leaves a core idle.
    concurrent = True

    def __init__(
        self,
        inference: Inference,
        encoder: PromptEncoder,
        space: ActionSpace,
        options: RankerOptions | None = None,
        name: str = "ranker",
    ) -> None:
        self._inference = inference
        self._encoder = encoder
        self._space = space
        self._options = options or RankerOptions()
        self._name = name
        # What is proposed depends on the first goal and the number of goals: a sixth of a search's states come again.
        self._judge = lru_cache(maxsize=4096)(self._judge_goal)
        self._counting = Lock()
        self.states_read = 0
        self.tokens_read = 0

    def __reduce__(self) -> tuple[type[RankerPolicy], tuple[Any, ...]]:
        return RankerPolicy, (self._inference, self._encoder, self._space, self._options, self._name)

    @property
    def name(self) -> str:
        return self._name

    @property
    def space(self) -> ActionSpace:
        """What it chooses from, its own ranking of premises included."""
        return self._space

    def propose(self, queries: Sequence[PolicyQuery]) -> list[list[Proposal]]:
        return [self._propose(query) for query in queries]

    def _propose(self, query: PolicyQuery) -> list[Proposal]:
        return list(self._judge(query.theorem.environment, *first_goal(query.state))[0])

    def steps_left(self, query: PolicyQuery) -> float:
        """See `Valuing`: what the value head expects, or 0 where the network has none or nothing can be done."""
        return self._judge(query.theorem.environment, *first_goal(query.state))[1]

    def _judge_goal(self, environment: Environment, goal: str, goals: int) -> tuple[tuple[Proposal, ...], float]:
        situation = self._space.look_at(environment, goal, goals)
        if not len(situation.candidates):
            return (), 0.0  # an elementary repertoire may have nothing to say
        log_probs, steps_left = self.judge(situation)
        return tuple(situation.proposals(self._adjusted(situation, log_probs), self._options.top_k)), steps_left

    def log_probs(self, situation: Situation) -> npt.NDArray[np.float64]:
        """The network's own natural log-probability of each candidate: (C)."""
        return self.judge(situation)[0]

    def judge(self, situation: Situation) -> tuple[npt.NDArray[np.float64], float]:
        """`log_probs`, and the steps that its value head expects the goal to take (0 without one)."""
        prompt = self._encoder.encode(situation)
        with self._counting:
            self.states_read += 1
            self.tokens_read += len(prompt.tokens)
        return self._inference.judge(prompt, situation.candidates)

    def _adjusted(self, situation: Situation, log_probs: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        options = self._options
        if options.temperature != 1.0:
            log_probs = log_probs / options.temperature
            log_probs = log_probs - np.logaddexp.reduce(log_probs)
        if options.prior_weight:
            with np.errstate(divide="ignore"):
                log_probs = np.logaddexp(
                    np.log1p(-options.prior_weight) + log_probs, np.log(options.prior_weight) + np.log(prior(situation))
                )
        if options.time_discount:
            log_probs = (
                log_probs - options.time_discount * situation.repertoire.log_times[situation.candidates.template]
            )
        return log_probs
