"""A model behind a server as a policy: the prompt that it would have here, and the lines that the server samples.

    connect("http://127.0.0.1:8000", model="my-prover")        # the key: FLYWHEEL_POLICY_KEY

What is the same as with the model in this process: prompt, samples, temperature, where a line ends, what a benchmark
allows. A state's seed goes along, so a server that samples by it alone gives each state the same answer every time,
whatever else it computes. Where a server does not (or a larger batch rounds otherwise), two runs may differ.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from typing import Any

from prover.policies.prompt import prompt_of
from prover.policies.server.client import Client, Completion, Patience, RequestRefused, ServerLost, ServerRefused
from prover.policies.text.policy import CONTAMINATED, TextOptions
from prover.policy import PolicyQuery, Proposal

#: So many states in a row that the server refuses are no accident of their length.
_REFUSED_IN_A_ROW = 25
#: Servers differ in how large a seed they take; all take this.
_SEEDS = 2**31
#: A longer line is no tactic; a server that does not keep to `max_tokens` may send any.
_MAX_TACTIC = 4000


@dataclass(slots=True)
class ServerPolicy:
    """`model` as the server calls it. Several threads may ask at once. `allows` says which tactics may stand in a proof
    (all for None)."""

    client: Client
    model: str
    options: TextOptions = field(default_factory=TextOptions)
    allows: Callable[[str], bool] | None = None
    #: States in a row that were refused, and what was said of the last.
    _refused: int = 0
    _said: str = ""

    #: Threads ask side by side (BatchingPolicy).
    concurrent = True

    @property
    def name(self) -> str:
        """Whoever trained it may have shown it the benchmarks' proofs."""
        return f"{self.model[:60]} ({CONTAMINATED})"

    @property
    def settings(self) -> dict[str, Any]:
        """What its results depend on, as the corpus stores it. Neither the address nor the key is in it."""
        return {"server": {"model": self.model, **self.options.model_dump()}}

    def limited_to(self, allows: Callable[[str], bool] | None) -> ServerPolicy:
        """The same that proposes only what is allowed."""
        return replace(self, allows=allows)

    def give_up(self) -> None:
        """Whoever waits for the server stops waiting, with a CancelledError."""
        self.client.give_up()

    def propose(self, queries: Sequence[PolicyQuery]) -> list[list[Proposal]]:
        """All states at once. A state that the server refuses, such as one that is too long, has no proposals. Raises
        ServerRefused, ServerLost."""
        asked = [self.client.submit(self.client.complete(self._request(query))) for query in queries]
        try:
            return [self._proposals(one) for one in asked]
        finally:
            for one in asked:
                one.cancel()

    def _request(self, query: PolicyQuery) -> dict[str, Any]:
        options, header = self.options, query.theorem.environment.header
        return {
            "model": self.model,
            "prompt": prompt_of(options.prompt, query.state, query.theorem.name, header.text if header else ""),
            "n": options.samples,
            "temperature": options.temperature,
            "top_p": options.top_p,
            "max_tokens": options.max_tokens,
            "stop": ["\n"],
            "logprobs": 1,
            "seed": query.seed % _SEEDS,
        }

    def _proposals(self, asked: Future[list[Completion]]) -> list[Proposal]:
        try:
            lines = asked.result()
        except RequestRefused as error:
            self._refused, self._said = self._refused + 1, str(error)
            if self._refused >= _REFUSED_IN_A_ROW:
                raise ServerLost(
                    f"the server at {self.client.url} refused {self._refused} states in a row ({self._said})"
                ) from None
            return []
        self._refused = 0
        best: dict[str, float] = {}
        drawn: Counter[str] = Counter()
        for line in lines:
            if self._is_tactic(line.text):
                best[line.text] = max(best.get(line.text, line.log_prob), line.log_prob)
                drawn[line.text] += 1
        ordered = sorted(best, key=lambda text: (-best[text], text))
        return [Proposal(text, best[text], count=drawn[text]) for text in ordered]

    def _is_tactic(self, text: str) -> bool:
        """What a server sends is anybody's: half a surrogate pair is no text, and a database takes no zero byte."""
        return 0 < len(text) <= _MAX_TACTIC and text.isprintable() and (self.allows is None or self.allows(text))


def connect(
    url: str,
    model: str | None = None,
    key: str | None = None,
    options: TextOptions | None = None,
    patience: Patience | None = None,
) -> ServerPolicy:
    """The policy of the server's model (its only one if no name is given), once it has answered a question of one
    token. Raises ServerRefused, ServerLost."""
    patience = patience or Patience()
    # Nobody waits a minute to hear that there is no server.
    client = Client(url, key, replace(patience, tries=min(3, patience.tries)))
    try:
        served = client.submit(client.models()).result()
        model = _chosen(client.url, model, served)
        question = {"model": model, "prompt": "⊢ True\n", "n": 1, "max_tokens": 1, "logprobs": 1}
        client.submit(client.complete(question)).result()
    except ServerLost as error:
        raise ServerRefused(f"no OpenAI-compatible server can be used: {error}") from None
    except RequestRefused as error:
        raise ServerRefused(f"the server at {client.url} refuses a question of one token ({error})") from None
    client.patience = patience
    return ServerPolicy(client, model, options or TextOptions())


def _chosen(url: str, model: str | None, served: Sequence[str]) -> str:
    """The model that is meant. `served`: what the server has, nothing where it does not say."""
    has = ", ".join(name[:80] for name in served[:10])
    if model is None:
        if len(served) != 1:
            raise ServerRefused(
                f"--policy-model has to say which model at {url} is meant: "
                + (f"it has {has}" if served else "it does not say what it has")
            )
        return served[0]
    if served and model not in served:
        raise ServerRefused(f"the server at {url} has no model {model!r}; it has {has}")
    return model
