"""The searches by name, as a configuration and the command line say them."""

from __future__ import annotations

from typing import Any, Literal

from prover.search.and_or import AndOr
from prover.search.best_first import BestFirst

SearchKind = Literal["best-first", "andor"]


def search_of(kind: SearchKind, **settings: Any) -> BestFirst | AndOr:
    """The search of that name; `settings` are its fields. What only the other one has is left out."""
    made = AndOr if kind == "andor" else BestFirst
    return made(**{name: value for name, value in settings.items() if name in made.__dataclass_fields__})
