"""What is said to an OpenAI-compatible server: one model's completions, each with its log-probability.

All requests run in one event loop in a thread of its own, so that many states are in flight at once and every wait can
be given up. What passes by itself (429, 500, a broken connection, half an answer, silence) is tried again, later each
time. The key is in the requests' header and nowhere else: no error, no log and no configuration has it.
"""

from __future__ import annotations

import asyncio
import json
import math
import threading
from collections.abc import Coroutine, Mapping
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx2

from prover.policies.server import KEY_VARIABLE

#: What another try may mend: too many requests, and whatever a server or a proxy says of itself.
_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504, 529})
#: An answer of 64 samples with their tokens takes about 300 kB.
_MAX_ANSWER = 32_000_000
_MAX_SAID = 200

T = TypeVar("T")


class ServerRefused(Exception):
    """The server cannot be used as it was asked for: its address, the key or the model is wrong, or it gives no
    log-probabilities."""


class ServerLost(Exception):
    """The server did not answer properly, and went on not to."""


class RequestRefused(Exception):
    """The server refuses this one request, such as a prompt that is too long for it."""


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds: for one answer, between the first two tries (twice as many each time), and between two tries at most."""

    answer: float = 120.0
    tries: int = 8
    first_wait: float = 0.5
    longest_wait: float = 30.0
    #: Requests at a time.
    in_flight: int = 64


@dataclass(frozen=True, slots=True)
class Completion:
    """A line as the model wrote it, and the sum of its tokens' natural log-probabilities."""

    text: str
    log_prob: float


class Client:
    """`url`: with or without `/v1`. Several threads may use it. Raises ServerRefused for what is no address."""

    def __init__(self, url: str, key: str | None = None, patience: Patience | None = None) -> None:
        self.url, self.patience = _base(url), patience or Patience()
        self._key = key or ""
        if not (self._key.isascii() and self._key.isprintable()):
            raise ServerRefused(f"what {KEY_VARIABLE} holds is no key: it is of more than one line, or not in ASCII")
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        # Redirects are not followed: the key is for this address alone.
        self._http = httpx2.AsyncClient(headers=headers, timeout=self.patience.answer, follow_redirects=False)
        self._loop = asyncio.new_event_loop()
        self._places = asyncio.Semaphore(self.patience.in_flight)
        self._under_way: set[Future[Any]] = set()
        self._guard = threading.Lock()
        threading.Thread(target=self._loop.run_forever, name="policy server", daemon=True).start()

    def __reduce__(self) -> tuple[Any, ...]:
        raise TypeError("a client of a server stays in its process, and so does its key")

    @property
    def in_the_clear(self) -> bool:
        """Whether somebody between here and the server can read what is sent."""
        address = httpx2.URL(self.url)
        return address.scheme == "http" and address.host not in ("127.0.0.1", "::1", "localhost")

    def submit(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Starts it in the client's loop. `give_up` cancels it."""
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        with self._guard:
            self._under_way.add(future)
        future.add_done_callback(self._forget)
        return future

    def _forget(self, future: Future[Any]) -> None:
        with self._guard:
            self._under_way.discard(future)

    def give_up(self) -> None:
        """Whoever waits for an answer gets a CancelledError in its place."""
        with self._guard:
            waiting = list(self._under_way)
        for future in waiting:
            future.cancel()

    async def models(self) -> list[str]:
        """The names of what it serves; none where it does not say."""
        try:
            found = await self._ask("GET", "models")
        except RequestRefused:
            return []
        listed = found.get("data") if isinstance(found, dict) else None
        names = [one.get("id") for one in listed or [] if isinstance(one, dict)]
        return [name for name in names if isinstance(name, str)]

    async def complete(self, request: Mapping[str, Any]) -> list[Completion]:
        """The lines that ended: at a line break, or where the model ended them. Raises ServerRefused, ServerLost,
        RequestRefused."""
        lines: list[Completion] = await self._ask("POST", "completions", request, _lines)
        return lines

    async def _ask(
        self, method: str, what: str, body: Mapping[str, Any] | None = None, read: Any = lambda answer: answer
    ) -> Any:
        said = ""
        for number in range(self.patience.tries):
            wait = min(self.patience.longest_wait, self.patience.first_wait * 2 ** (number - 1)) if number else 0.0
            await asyncio.sleep(wait)
            try:
                async with self._places, asyncio.timeout(self.patience.answer):
                    status, headers, content = await self._exchange(method, f"{self.url}/{what}", body)
                if status not in _PASSING:
                    return read(self._read(status, content, what, body))
                said = f"{status} {self._words(content)}"
                with suppress(ValueError):
                    asked = float(headers.get("retry-after", "0"))
                    await asyncio.sleep(min(max(asked, 0.0), self.patience.longest_wait))
            except TimeoutError:
                said = f"no answer within {self.patience.answer:.0f} s"
            except httpx2.TransportError as error:
                said = self._hidden(f"{type(error).__name__} {error}".strip())
            except _HalfAnAnswer as error:
                said = str(error)
        raise ServerLost(
            f"the server at {self.url} did not answer in {self.patience.tries} tries (the last: {said}). What is "
            "stored is kept: when it answers again, the same command goes on"
        )

    async def _exchange(
        self, method: str, url: str, body: Mapping[str, Any] | None
    ) -> tuple[int, Mapping[str, str], bytes]:
        async with self._http.stream(method, url, json=body) as response:
            content = bytearray()
            async for part in response.aiter_bytes():
                content += part
                if len(content) > _MAX_ANSWER:
                    raise _HalfAnAnswer(f"an answer of more than {_MAX_ANSWER // 10**6} MB")
            return response.status_code, response.headers, bytes(content)

    def _read(self, status: int, content: bytes, what: str, body: Mapping[str, Any] | None) -> Any:
        if status in (401, 403):
            held = "does not take the key in" if self._key else "wants a key: set"
            raise ServerRefused(f"the server at {self.url} {held} {KEY_VARIABLE} ({status} {self._words(content)})")
        if status == 404 and body is not None:
            raise ServerRefused(
                f"the server at {self.url} has no model {body.get('model')!r}, or no /v1/completions "
                f"({self._words(content)})"
            )
        if 300 <= status < 400:
            raise ServerRefused(f"the server at {self.url} sends requests elsewhere ({status}); give that address")
        if status != 200:
            raise RequestRefused(f"{status} {self._words(content)}")
        try:
            return json.loads(content)
        except ValueError:
            raise _HalfAnAnswer(f"{what}: what came is no JSON") from None

    def _words(self, content: bytes) -> str:
        """What the server says is wrong, in a line."""
        text = content.decode("utf-8", "replace")
        with suppress(ValueError, AttributeError):
            said = json.loads(text)
            inner = said.get("error", said.get("detail", said.get("message", text)))
            text = str(inner.get("message", inner)) if isinstance(inner, dict) else str(inner)
        line = "".join(character if character.isprintable() else " " for character in self._hidden(text)[:_MAX_SAID])
        return " ".join(line.split())

    def _hidden(self, text: str) -> str:
        """Without the key, which some servers repeat."""
        return text.replace(self._key, "***") if self._key else text


class _HalfAnAnswer(Exception):
    """What came is not what was asked for."""


def _base(url: str) -> str:
    """The address that paths are put behind."""
    try:
        parsed = httpx2.URL(url.strip())
    except (httpx2.InvalidURL, TypeError):
        raise ServerRefused(f"{url!r} is no address; example: http://127.0.0.1:8000/v1") from None
    if parsed.userinfo or parsed.query:
        raise ServerRefused(f"an address has no key in it: {KEY_VARIABLE} is for that")
    if parsed.scheme not in ("http", "https") or not parsed.host or parsed.fragment:
        raise ServerRefused(f"{url!r} is no address of a server; example: http://127.0.0.1:8000/v1")
    base = str(parsed).rstrip("/")
    return base if base.endswith("/v1") else f"{base}/v1"


def _lines(answer: Any) -> list[Completion]:
    choices = answer.get("choices") if isinstance(answer, dict) else None
    if not isinstance(choices, list) or not choices or not all(isinstance(one, dict) for one in choices):
        raise _HalfAnAnswer("an answer without choices")
    if any(not isinstance(one.get("text"), str) for one in choices):
        raise _HalfAnAnswer("a choice without text")
    if all(one.get("logprobs") is None for one in choices):
        raise ServerRefused(
            "the server gives no log-probabilities, which search orders tactics by: it needs `logprobs` in "
            "/v1/completions (vLLM and SGLang have it)"
        )
    return [line for choice in choices if (line := _line(choice)) is not None]


def _line(choice: Mapping[str, Any]) -> Completion | None:
    """The choice up to its line break; None where it was cut off before it ended. A server may list the token that
    ended the line or leave it out; its own account is taken."""
    log_probs = choice["logprobs"]
    numbers = log_probs.get("token_logprobs") if isinstance(log_probs, dict) else None
    if not isinstance(numbers, list) or not all(isinstance(one, (int, float)) for one in numbers):
        raise _HalfAnAnswer("a choice without its tokens' log-probabilities")
    tokens = log_probs.get("tokens")
    ended = choice.get("finish_reason") != "length"
    if isinstance(tokens, list) and len(tokens) == len(numbers):
        written = ""
        for count, token in enumerate(tokens, start=1):
            written += str(token)
            if "\n" in written.lstrip():  # a server that does not stop at line breaks
                numbers, ended = numbers[:count], True
                break
    line, broken, _ = choice["text"].lstrip().partition("\n")
    log_prob = math.fsum(numbers)
    if not math.isfinite(log_prob):
        raise _HalfAnAnswer("a log-probability that is no number")
    return Completion(line.strip(), min(0.0, log_prob)) if ended or broken else None
