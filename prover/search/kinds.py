"""The searches by name, as a configuration and the command line say them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from prover.search.and_or import AndOr
from prover.search.best_first import BestFirst
from prover.search.sampled import Sampled

SearchKind = Literal["best-first", "andor", "samples"]
StepSearch = BestFirst | AndOr | Sampled

_KINDS: Mapping[SearchKind, type[StepSearch]] = {
    "best-first": BestFirst,
    "andor": AndOr,
    "samples": Sampled,
}


def search_of(kind: SearchKind, **settings: Any) -> StepSearch:
    """The search of that name; `settings` are its fields. What only another one has is left out."""
    made = _KINDS[kind]
    return made(**{name: value for name, value in settings.items() if name in made.__dataclass_fields__})
