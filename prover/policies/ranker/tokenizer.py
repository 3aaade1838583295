"""The ranker's own vocabulary: byte-pair pieces of Lean names and notation, trained on statements and printed states.

Dots and underscores are dropped (`List.map_append` reads `List map append`). The network points at names and never
spells them, so the text only has to be recognised.
"""

from __future__ import annotations

from collections.abc import Iterable

from tokenizers import Regex, Tokenizer, models, pre_tokenizers, trainers

from prover.actions.elementary import ELEMENTARY
from prover.actions.repertoire import LIBRARY
from prover.actions.retrieval import DEFINITIONS, PREMISES

PADDING, UNKNOWN, OUTPUT, GOAL = "<pad>", "<unk>", "<out>", "⊢"
MARKERS = (
    *(f"L{rank}" for rank in range(max(LIBRARY.locals, ELEMENTARY.locals))),
    *(f"D{rank}" for rank in range(DEFINITIONS)),
    *(f"P{rank}" for rank in range(PREMISES)),
)
_PIECE = r"[A-Z]?[a-z]+|[A-Z]+|[0-9]+|[^\sA-Za-z0-9]"


def train_tokenizer(texts: Iterable[str], vocabulary: int = 1536) -> Tokenizer:
    """Byte-pair encoding of at most `vocabulary` tokens. `texts` are taken as a set, so that their order cannot matter.
    Training is the same on every run: the trainer breaks ties by token ids, and the texts come sorted."""
    tokenizer = Tokenizer(models.BPE(unk_token=UNKNOWN))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.WhitespaceSplit(),
            pre_tokenizers.Split(Regex(r"[._]"), "removed"),
            pre_tokenizers.Split(Regex(_PIECE), "isolated"),
        ]
    )
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        min_frequency=2,
        special_tokens=[PADDING, UNKNOWN, OUTPUT, GOAL, *MARKERS],
        show_progress=False,
    )
    tokenizer.train_from_iterator(sorted(set(texts)), trainer)
    return tokenizer


def token_id(tokenizer: Tokenizer, token: str) -> int:
    """The id of a token that the vocabulary must have. Raises ValueError: the tokenizer is not one of ours."""
    number = tokenizer.token_to_id(token)
    if number is None:
        raise ValueError(f"the tokenizer has no token {token!r}: it was not made by train_tokenizer")
    return int(number)
