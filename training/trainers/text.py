"""Training a causal language model: states and tactics of the whole snapshot, from base, for a number of epochs.

    TextTrainer(TextConfig(), space).train(proofs, Path("generations/1"), seed=1, statements=statements)

Base is a small decoder from scratch, whose byte-pair vocabulary is made of train statements and the steps of the
snapshot, or any causal language model in a folder. On one machine's processor the same proofs, config and seed give
the same weights, byte for byte.
"""

from __future__ import annotations

import hashlib
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
import transformers
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from prover.actions.space import ActionSpace
from prover.policies.prompt import prompt_of
from prover.policies.text.checkpoint import (
    ModelUnavailable,
    digest_of,
    load_base,
    load_text,
    pieces_of,
    save_text,
)
from prover.policies.text.policy import CONTAMINATED, Pieces, TextOptions
from training.data.dataset import TrainingProof
from training.trainers.halfway import Halfway
from training.trainers.isolation import isolated
from training.trainers.text_config import TextConfig
from training.trainers.text_data import Example, Row, examples
from training.trainers.trainer import Loaded, NothingToLearn, Progress, Trained

PADDING, END = "<pad>", "<end>"
#: The longest prompt and tactic together that the decoder from scratch has positions for.
_POSITIONS = 2048


@dataclass(frozen=True, slots=True)
class Metrics:
    """Over `examples` pairs of state and tactic: mean cross-entropy in nats a tactic, and the share of tactics that the
    model writes when it always takes the likeliest token. 0 for no examples."""

    examples: int
    loss: float
    top_1: float


@dataclass(frozen=True, slots=True)
class TextTrainer:
    """A trainer of the loop. `space` says what its tactics may be; the other fields are as RankerTrainer has them."""

    space: ActionSpace
    config: TextConfig
    device: str = "cpu"
    halfway: Halfway | None = None
    origin: Mapping[str, Any] | None = None

    @property
    def settings(self) -> dict[str, Any]:
        """The configuration."""
        return self.config.model_dump(mode="json")

    def train(
        self,
        proofs: Iterable[TrainingProof],
        out: Path,
        *,
        seed: int,
        base: Path | None = None,
        statements: Sequence[str] = (),
        report: Callable[[Progress], None] | None = None,
    ) -> Trained:
        """See `Trainer.train`. `base` comes before the configuration's. Raises ModelUnavailable and NotTheSame too."""
        config, started = self.config, time.perf_counter()
        found, data = examples(proofs, config.data, config.writes)
        if all(one.held_out for one in found):
            raise NothingToLearn(
                f"none of the {data.steps} steps in {data.proofs} proofs can be learned from; a round "
                "(`flywheel round`) or seed proofs have to come first"
            )
        source = str(base) if base is not None else config.base
        with isolated(config.threads, self.device):
            torch.manual_seed(seed)
            model, tokenizer = load_base(source) if source else from_scratch(config, statements, found)
            pieces = pieces_of(tokenizer)
            if pieces.end is None:
                raise ModelUnavailable(f"the tokenizer of {source!r} has no end-of-text token: set `eos_token` in it")
            rows, held_out = (list(_rows(found, pieces, self.options, held)) for held in (False, True))
            from training.trainers.sft import fit

            work = self.halfway.work if self.halfway is not None else out.with_name(f".{out.name}.files")
            identity = self._identity(rows, model, seed) if self.halfway is not None else ""
            fitted = fit(
                model,
                tokenizer,
                rows,
                config,
                seed=seed,
                device=self.device,
                work=work,
                identity=identity,
                halfway=self.halfway,
                report=report,
            )
            train_metrics, valid_metrics = (measure(fitted.model, each, self.device) for each in (rows, held_out))
        record = {
            "config": config.model_dump(mode="json"),
            "seed": seed,
            "base": digest_of(source) if source else None,
            "contaminated": bool(source),
            "device": self.device,
            "data": {**asdict(data), "outside": dict(data.outside)},
            "train": asdict(train_metrics),
            "valid": asdict(valid_metrics),
            "work": {"updates": fitted.steps, "tokens": config.epochs * sum(len(row.tokens) for row in rows)},
            **({"origin": dict(self.origin)} if self.origin is not None else {}),
        }
        digest = save_text(out, fitted.model, tokenizer, self.options, record)
        shutil.rmtree(work, ignore_errors=True)
        speed = {
            "parameters": sum(parameter.numel() for parameter in fitted.model.parameters()),
            "seconds": time.perf_counter() - started,
            "tokens_per_second": fitted.tokens / max(fitted.seconds, 1e-9),
        }
        return Trained(digest, {**text_metrics(record), **speed})

    @property
    def options(self) -> TextOptions:
        """How the model will be asked."""
        config = self.config
        return TextOptions(
            prompt=config.prompt,
            samples=config.samples,
            temperature=config.temperature,
            top_p=config.top_p,
            max_tokens=config.max_tokens,
            max_prompt_tokens=config.max_prompt_tokens,
            whole=config.writes == "proof",
            constrained=config.constrained,
        )

    def load(self, folder: Path, name: str, *, prior: float, cost_discount: float, temperature: float = 1.0) -> Loaded:
        """The model as it was trained to be asked; it knows neither prior nor discount. A model on somebody else's base
        is called contaminated. Raises CheckpointError."""
        policy = load_text(folder, name, space=self.space, device=self.device)
        return Loaded(policy, {**policy.options.model_dump(), **({CONTAMINATED: True} if self.config.base else {})})

    def _identity(self, rows: Sequence[Row], model: Any, seed: int) -> str:
        """A hash of all that training starts from."""
        versions = [torch.__version__, transformers.__version__]
        start = hashlib.sha256(repr((self.settings, seed, self.device, versions, len(rows))).encode())
        for name, tensor in model.state_dict().items():
            start.update(name.encode())
            start.update(tensor.detach().float().contiguous().numpy().tobytes())
        for row in rows:
            start.update(repr((row.tokens, row.read)).encode())
        return start.hexdigest()


def text_metrics(record: Mapping[str, Any]) -> dict[str, Any]:
    """What the corpus keeps of a training, from its own record of it."""
    return {
        "states": record["data"]["states"],
        "examples": record["train"]["examples"],
        "train_loss": record["train"]["loss"],
        "valid_loss": record["valid"]["loss"],
        "train_top_1": record["train"]["top_1"],
        "valid_top_1": record["valid"]["top_1"],
        "data": record["data"],
        **record.get("work", {}),
    }


def from_scratch(config: TextConfig, statements: Sequence[str], found: Sequence[Example]) -> tuple[Any, Any]:
    """A decoder with weights from torch's generator, and its vocabulary: byte-level pairs, so that any text can be
    written, of printed train statements, states and tactics. `found` are steps of train proofs."""
    texts = {*statements, *(one.tactic for one in found)}
    texts |= {prompt_of(config.prompt, one.state, one.name) for one in found}
    tokenizer = train_tokenizer(texts, config.model.vocabulary)
    sizes = config.model
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=sizes.hidden,
            intermediate_size=sizes.feed_forward,
            num_hidden_layers=sizes.layers,
            num_attention_heads=sizes.heads,
            num_key_value_heads=sizes.heads,
            max_position_embeddings=_POSITIONS,
            tie_word_embeddings=True,
            pad_token_id=tokenizer.pad_token_id,
            bos_token_id=None,
            eos_token_id=tokenizer.eos_token_id,
        )
    )
    return model, tokenizer


def train_tokenizer(texts: Iterable[str], vocabulary: int) -> Any:
    """Byte-level byte-pair encoding. `texts` are taken as a set and come sorted, so that every run gives the same."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        min_frequency=2,
        special_tokens=[PADDING, END],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(sorted(set(texts)), trainer)
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token=PADDING, eos_token=END)


def _rows(found: Iterable[Example], pieces: Pieces, options: TextOptions, held_out: bool) -> Iterator[Row]:
    """The examples that are (not) held out, in tokens, prompts as search has them."""
    for one in found:
        if one.held_out == held_out:
            prompt = pieces.prompt(options, one.environment, one.name, one.state)
            yield Row((*prompt, *pieces.tactic(one.tactic)), len(prompt))


def measure(model: Any, rows: Sequence[Row], device: str, batch: int = 32) -> Metrics:
    """Loss and accuracy, prompts not counted."""
    if not rows:
        return Metrics(0, 0.0, 0.0)
    found = list(_each(model, rows, device, batch))
    loss, right = sum(loss for _, loss, _ in found), sum(right for _, _, right in found)
    return Metrics(len(rows), loss / len(rows), right / len(rows))


def measure_each(model: Any, rows: Sequence[Row], device: str = "cpu", batch: int = 32) -> list[float]:
    """The loss of each row: minus its natural log-probability, the prompt not counted."""
    losses = {place: loss for place, loss, _ in _each(model, rows, device, batch)}
    return [losses[place] for place in range(len(rows))]


@torch.inference_mode()
def _each(model: Any, rows: Sequence[Row], device: str, batch: int) -> Iterator[tuple[int, float, bool]]:
    """The place of each row, its loss, and whether the likeliest tokens are it; rows of similar length together."""
    model = model.to(device).eval()
    ordered = sorted(range(len(rows)), key=lambda place: len(rows[place].tokens))
    for start in range(0, len(ordered), batch):
        places = ordered[start : start + batch]
        chosen = [rows[place] for place in places]
        length = len(chosen[-1].tokens)
        tokens = torch.zeros((len(chosen), length), dtype=torch.long)
        real, written = torch.zeros_like(tokens), torch.zeros_like(tokens, dtype=torch.bool)
        for number, row in enumerate(chosen):
            tokens[number, : len(row.tokens)] = torch.tensor(row.tokens)
            real[number, : len(row.tokens)] = 1
            written[number, row.read : len(row.tokens)] = True
        logits = model(tokens.to(device), attention_mask=real.to(device)).logits[:, :-1].float().cpu()
        target, counted = tokens[:, 1:], written[:, 1:]
        each = torch.nn.functional.cross_entropy(logits.transpose(1, 2), target, reduction="none")
        right = ((logits.argmax(-1) == target) | ~counted).all(dim=1)
        yield from zip(places, (each * counted).sum(dim=1).tolist(), right.tolist(), strict=True)
    model.cpu()
