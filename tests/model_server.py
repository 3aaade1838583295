"""A server that speaks OpenAI's `/v1/completions` on loopback, over a language model that is trained on the spot.

The model is a Llama of 30,000 weights that has learned which tactics go with which number (tests/countdown.py). Sampled
lines come from the project's own sampler, by the request's seed; with `top_p` near 0 the line is that of transformers'
own `generate`, greedily. Troubles are put in the way of requests, one after the other.
"""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from tokenizers import Tokenizer, decoders, models
from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from prover.policies.text.checkpoint import load_foreign
from prover.policies.text.policy import TextOptions
from prover.policies.text.sampling import Sampler

MODEL, KEY = "tiny", "key-that-nobody-sees-4711"
PROMPT = "{goal}\n> "
CHARACTERS = ["<eos>", "\n", *" >⊢↓0123456789abcdefghijklmnopqrstuvwxyzT"]


def taught() -> list[tuple[str, str]]:
    """States with tactics that help."""
    rows = [("⊢ True", "trivial")] * 4
    for number in range(1, 31):
        state = f"⊢ {number} ↓"
        rows.append((state, "sub 1"))
        rows += [(state, "sub 3")] * (number >= 3)
        rows += [(state, "halve")] * (number % 2 == 0)
    return rows


def train_tiny(folder: Path, steps: int = 120) -> Path:
    """The model and its tokenizer, in `folder`."""
    tokenizer = Tokenizer(models.BPE({character: i for i, character in enumerate(CHARACTERS)}, []))
    tokenizer.decoder = decoders.Fuse()
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<eos>")
    fast.save_pretrained(folder)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(fast), hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2,
            bos_token_id=None, eos_token_id=0, pad_token_id=0,
        )
    )  # fmt: skip
    rows = [[*fast.encode(PROMPT.replace("{goal}", state) + tactic), 0] for state, tactic in taught()]
    longest = max(map(len, rows))
    tokens = torch.tensor([row + [0] * (longest - len(row)) for row in rows])
    labels = torch.tensor([row + [-100] * (longest - len(row)) for row in rows])
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    for _ in range(steps):
        model(tokens, labels=labels).loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    model.save_pretrained(folder)
    torch.set_num_threads(threads)
    return folder


@dataclass
class ModelServer:
    """`with ModelServer(folder) as server: server.url`. `troubles` are taken one a request, before it is answered."""

    folder: Path
    key: str | None = None
    #: Names, or what is called with the request's prompt and gives one.
    troubles: list[str | Callable[[str], str]] = field(default_factory=list)
    #: Happens to every request.
    always: str | Callable[[str], str] = ""
    #: Seconds that a slow answer takes.
    slow: float = 60.0
    requests: list[dict[str, Any]] = field(default_factory=list)
    #: Slow answers that were begun.
    slept: int = 0
    most_at_once: int = 0
    _now: int = 0

    def __enter__(self) -> ModelServer:
        self._policy = load_foreign(str(self.folder))
        self._model = AutoModelForCausalLM.from_pretrained(self.folder).eval()
        self._tokenizer = AutoTokenizer.from_pretrained(self.folder)
        self._turn = threading.Lock()
        self._socket = socket.socket()
        self._socket.bind(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        config = uvicorn.Config(self._app(), log_level="critical", timeout_graceful_shutdown=1)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],), daemon=True)
        self._thread.start()
        while not self._server.started:
            time.sleep(0.01)
        return self

    def __exit__(self, *_exception: object) -> None:
        self._server.should_exit = True
        self._thread.join(10)
        self._socket.close()

    def _app(self) -> FastAPI:
        app = FastAPI()

        @app.get("/v1/models")
        async def list_models(request: Request) -> Response:
            if refused := self._refused(request):
                return refused
            return JSONResponse({"object": "list", "data": [{"id": MODEL, "object": "model"}]})

        @app.post("/v1/completions")
        async def complete(request: Request) -> Response:
            if refused := self._refused(request):
                return refused
            asked = await request.json()
            if asked["model"] != MODEL:
                return _error(404, f"The model `{asked['model']}` does not exist.")
            if asked["max_tokens"] > 1:  # not the first question, which is not about a state
                self.requests.append(asked)
                trouble = self.troubles.pop(0) if self.troubles else self.always
                trouble = trouble if isinstance(trouble, str) else trouble(asked["prompt"])
            else:
                trouble = "no logprobs" if self.always == "no logprobs" else ""
            self._now += 1
            self.most_at_once = max(self.most_at_once, self._now)
            try:
                return await self._answer(asked, trouble)
            finally:
                self._now -= 1

        return app

    def _refused(self, request: Request) -> Response | None:
        sent = request.headers.get("authorization", "")
        if self.key is None or sent == f"Bearer {self.key}":
            return None
        return _error(401, f"Incorrect API key provided: {sent.removeprefix('Bearer ')}.")  # as some servers do

    async def _answer(self, asked: dict[str, Any], trouble: str) -> Response:
        match trouble:
            case "429":
                return _error(429, "Too many requests.", {"retry-after": "0.05"})
            case "500" | "503":
                return _error(int(trouble), "Out of memory.")
            case "too long":
                return _error(400, "This model's maximum context length is 2048 tokens.")
            case "slow":
                self.slept += 1
                with suppress(asyncio.CancelledError):
                    await asyncio.sleep(self.slow)
        content = await asyncio.to_thread(self._content, asked)
        if trouble == "no logprobs":
            for choice in content["choices"]:
                choice["logprobs"] = None
        if trouble == "no choices":
            content["choices"] = []
        if trouble == "nan":
            content["choices"][0]["logprobs"]["token_logprobs"] = [float("nan")]
        if trouble == "hostile":
            hostile = ["trivial\x00", "\ud800", "x" * 5000, "", "trivial\x1b[2J"]
            content["choices"] += [content["choices"][0] | {"text": text} for text in hostile]
        body = json.dumps(content).encode()
        if trouble == "half":
            return Response(body[: len(body) // 2], media_type="application/json")
        if trouble == "cut":
            return StreamingResponse(_cut(body), headers={"content-length": str(len(body))})
        return Response(body, media_type="application/json")

    def _content(self, asked: dict[str, Any]) -> dict[str, Any]:
        prompt = self._tokenizer.encode(asked["prompt"])
        greedy = asked.get("top_p", 1) < 1e-6
        with self._turn:
            choices = self._greedy(prompt, asked) if greedy else self._sampled(prompt, asked)
        return {"object": "text_completion", "model": MODEL, "choices": choices}

    def _sampled(self, prompt: list[int], asked: dict[str, Any]) -> list[dict[str, Any]]:
        options = TextOptions(
            samples=asked["n"], max_tokens=asked["max_tokens"], temperature=asked.get("temperature", 1.0),
            top_p=asked.get("top_p", 1.0),
        )  # fmt: skip
        sampler = Sampler(self._policy.sampler.decoder, options, self._policy.sampler.endings)
        (lines,) = sampler.sample([prompt], [asked.get("seed", 0)])
        found = [_choice(line.text, [line.text], [line.log_prob], "stop") for line in lines for _ in range(line.count)]
        cut = asked["n"] - len(found)
        return [*found, *(_choice("cut o", ["cut o"], [-1.0], "length") for _ in range(cut))]

    def _greedy(self, prompt: list[int], asked: dict[str, Any]) -> list[dict[str, Any]]:
        with torch.inference_mode():
            made = self._model.generate(
                torch.tensor([prompt]), do_sample=False, max_new_tokens=asked["max_tokens"], eos_token_id=0,
                pad_token_id=0, output_scores=True, return_dict_in_generate=True,
            )  # fmt: skip
        written = made.sequences[0, len(prompt) :].tolist()
        scores = [float(torch.log_softmax(s[0], -1)[t]) for s, t in zip(made.scores, written, strict=True)]
        tokens = [self._tokenizer.decode([token], skip_special_tokens=True) for token in written]
        ended = "stop" if written[-1] == 0 else "length"
        return [_choice("".join(tokens), tokens, scores, ended)] * asked["n"]


def _choice(text: str, tokens: list[str], log_probs: list[float], ended: str) -> dict[str, Any]:
    return {
        "index": 0, "text": text, "finish_reason": ended, "logprobs": {"tokens": tokens, "token_logprobs": log_probs}
    }  # fmt: skip


def _error(status: int, text: str, headers: dict[str, str] | None = None) -> JSONResponse:
    return JSONResponse({"error": {"message": text, "type": "error"}}, status, headers)


async def _cut(body: bytes) -> AsyncIterator[bytes]:
    yield body[: len(body) // 2]
    raise ConnectionResetError("the test's server breaks off")
