"""What the ranker reads: goal, locals, definitions and premise names of a situation, as tokens, marks and pointers.

    <out> ⊢ GOAL  L0 TYPE  L1 TYPE …  D0 NAME …  P0 NAME  P1 NAME …

Locals occur under their marker everywhere (`L3` for whatever name the fourth one has), so nothing depends on names.
Each pointer has one token, its marker, which also carries *marks*: small facts that the text would hide, such as
whether a premise's left side fits the goal.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from tokenizers import Tokenizer

from prover.actions.premises import RetrievedPremise, Shape
from prover.actions.space import Pointer, PointerKind, Situation
from prover.connective import Connective, shape
from prover.goal import IDENTIFIER, LocalKind, identifiers
from prover.policies.ranker.tokenizer import GOAL, MARKERS, OUTPUT, PADDING, UNKNOWN, token_id

#: Limits in tokens (a local's type has its repertoire's). A goal over its limit keeps its beginning and its end.
GOAL_TOKENS, NAME_TOKENS = 96, 12
#: The longest prompt that these limits allow is about 900 tokens; the mean on library goals is about 130.
_LONGEST_TEXT = 2000
MARKS_PER_TOKEN = 5

MARKS = (
    "",
    *(f"goals-{count}" for count in range(1, 5)),
    *(f"local-{kind}" for kind in LocalKind),
    "in-conclusion",
    "is-conclusion",
    "yields-conclusion",
    *(f"premise-{shape}" for shape in Shape),
    *(f"fits-{bits}" for bits in range(16)),
    *(f"score-{bucket}" for bucket in range(4)),
    "definition",
    *(f"connective-{connective.name}" for connective in Connective),
    *(f"flow-{bits}" for bits in range(1, 4)),
)
_MARK = {mark: index for index, mark in enumerate(MARKS)}
# Those that most prompts have, without putting names together.
_GOALS = tuple(_MARK[f"goals-{count}"] for count in range(1, 5))
_KINDS = {kind: _MARK[f"local-{kind}"] for kind in LocalKind}
_CONNECTIVES = {connective: _MARK[f"connective-{connective.name}"] for connective in Connective}
_FLOWS = (0, *(_MARK[f"flow-{bits}"] for bits in range(1, 4)))

Marks = tuple[int, int, int, int, int]
_NO_MARKS: Marks = (0, 0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Prompt:
    """A situation as the network reads it. Position 0 is the output token."""

    tokens: tuple[int, ...]
    #: For each token five mark ids, 0 for none.
    marks: tuple[Marks, ...]
    #: For each pointer of the situation the position of its marker in `tokens`.
    pointers: tuple[int, ...]


class PromptEncoder:
    """Situations to prompts, over one tokenizer."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._output = token_id(tokenizer, OUTPUT)
        self._goal = token_id(tokenizer, GOAL)
        self._markers = {marker: token_id(tokenizer, marker) for marker in MARKERS}
        self.vocabulary = tokenizer.get_vocab_size()
        self.padding = token_id(tokenizer, PADDING)
        self.unknown = token_id(tokenizer, UNKNOWN)
        # A state has most of its hypotheses from the one before.
        self._renamed = lru_cache(maxsize=50_000)(self._encode_renamed)
        self._pieces = lru_cache(maxsize=50_000)(self._encode)

    def __reduce__(self) -> tuple[type[PromptEncoder], tuple[Tokenizer]]:
        return PromptEncoder, (self._tokenizer,)

    def encode(self, situation: Situation) -> Prompt:
        names, conclusion = tuple(local.name for local in situation.locals), situation.goal.conclusion
        tokens: list[int] = [self._output, self._goal]
        goals = _GOALS[min(situation.goal_count, 4) - 1]
        marks: list[Marks] = [(goals, _CONNECTIVES[shape(conclusion).connective], 0, 0, 0), _NO_MARKS]
        text = self._renamed(conclusion, names)
        if len(text) > GOAL_TOKENS:
            text = text[: GOAL_TOKENS // 2] + text[-GOAL_TOKENS // 2 :]
        tokens.extend(text)
        marks.extend([_NO_MARKS] * len(text))
        mentioned = identifiers(conclusion)
        positions = []
        for pointer in situation.pointers:
            positions.append(len(tokens))
            tokens.append(self._markers[pointer.marker])
            marks.append(_marks(situation, pointer, mentioned))
            described = self._describe(situation, pointer, names)
            tokens.extend(described)
            marks.extend([_NO_MARKS] * len(described))
        return Prompt(tuple(tokens), tuple(marks), tuple(positions))

    def _describe(self, situation: Situation, pointer: Pointer, names: tuple[str, ...]) -> tuple[int, ...]:
        if pointer.kind is PointerKind.LOCAL:
            return self._renamed(situation.locals[pointer.rank].type, names)[: situation.repertoire.type_tokens]
        if pointer.kind is PointerKind.TERM:
            return self._renamed(pointer.name, names)[:NAME_TOKENS]
        if pointer.kind is PointerKind.LAW:
            return self._renamed(pointer.name, names)[: situation.repertoire.type_tokens]
        return self._pieces(pointer.name)[:NAME_TOKENS]

    def _encode_renamed(self, text: str, names: tuple[str, ...]) -> tuple[int, ...]:
        return self._pieces(_rename(text, _markers(names)))

    def _encode(self, text: str) -> tuple[int, ...]:
        return tuple(self._tokenizer.encode(text[:_LONGEST_TEXT]).ids)


def readable(situation: Situation) -> str:
    """The text that the prompt encodes, for tokenizer training and for people."""
    names = _markers(tuple(local.name for local in situation.locals))
    parts = [GOAL, _rename(situation.goal.conclusion, names)]
    for pointer in situation.pointers:
        text = situation.locals[pointer.rank].type if pointer.kind is PointerKind.LOCAL else pointer.name
        own = pointer.kind in (PointerKind.LOCAL, PointerKind.TERM, PointerKind.LAW)
        parts += [pointer.marker, _rename(text, names) if own else text]
    return " ".join(parts)


@lru_cache(maxsize=10_000)
def _markers(names: tuple[str, ...]) -> dict[str, str]:
    return {name: f"L{rank}" for rank, name in enumerate(names)}


def _rename(text: str, names: dict[str, str]) -> str:
    """Each local by its marker, set off by spaces; `h.left` keeps its projection."""
    if not names:
        return text

    def marker(match_text: str) -> str:
        head, dot, rest = match_text.partition(".")
        if match_text in names:
            return f" {names[match_text]} "
        return f" {names[head]} {dot}{rest}" if dot and head in names else match_text

    return IDENTIFIER.sub(lambda match: marker(match.group()), text)


def _marks(situation: Situation, pointer: Pointer, mentioned: frozenset[str]) -> Marks:
    match pointer.kind:
        case PointerKind.LOCAL:
            local = situation.locals[pointer.rank]
            kind, named = _KINDS[local.kind], _MARK["in-conclusion"] if local.name in mentioned else 0
            if local.kind is not LocalKind.PROOF:
                return (kind, named, _MARK["is-conclusion"] if local.type == situation.goal.conclusion else 0, 0, 0)
            return (kind, named, *_proof_marks(local.type, situation))
        case PointerKind.DEFINITION | PointerKind.TERM | PointerKind.LAW:
            return (_MARK["definition"], 0, 0, 0, 0)
        case PointerKind.PREMISE:
            premise = situation.premises[pointer.rank]
            bucket = min(3, int(premise.relative_score * 4))
            form, fits = _MARK[f"premise-{premise.premise.shape}"], _MARK[f"fits-{_fit_bits(premise)}"]
            return (form, fits, _MARK[f"score-{bucket}"], 0, 0)


def _proof_marks(type_: str, situation: Situation) -> tuple[int, int, int]:
    """What a hypothesis is good for, whatever its size.

    Whether it or what it yields closes the goal; its connective; whether what it takes (bit 0) and what it yields
    (bit 1) are known already."""
    seen = shape(type_)
    if type_ == situation.goal.conclusion:
        use = "is-conclusion"
    else:
        use = "yields-conclusion" if seen.yields == situation.goal.conclusion else ""
    flow = (seen.argument in situation.uses.known) + 2 * (seen.yields in situation.uses.known)
    return _MARK[use], _CONNECTIVES[seen.connective], _FLOWS[flow]


def _fit_bits(premise: RetrievedPremise) -> int:
    return premise.typed + 2 * premise.left_fits + 4 * premise.right_fits + 8 * premise.conclusion_fits
