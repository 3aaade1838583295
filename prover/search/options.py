"""What every search can be told."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any

_LATER = frozenset({"template_noise", "template_floor", "invertible", "value", "solvers", "leaves"})


@dataclass(frozen=True, slots=True)
class SearchOptions:
    """The settings that best-first and AND/OR search share. The defaults are as measured on library theorems with a
    small network."""

    #: Exponent of the length normalisation, 0 for none.
    alpha: float = 0.5
    #: Only the best so many proposals of a state are tried.
    edges_per_state: int = 40
    #: Scale of the Gumbel noise on a proposal's log p, 0 for none. It decides which edges are kept and when they run
    #: (Gumbel top-k), not the cost of what lies behind them. Noise in the choice alone hardly explores.
    noise: float = 0.0
    #: The same for all proposals of one template together: what the policy has learned to leave alone comes up as a
    #: whole. Noise by proposal favours templates with many.
    template_noise: float = 0.0
    #: In this share of states one of the templates that are possible there, all alike, has its best proposal run first,
    #: at the cost of the state's best one. A floor for each template, however little the policy thinks of it.
    template_floor: float = 0.0
    #: A step that loses nothing (invertible.py) closes its alternatives: nothing else is tried on that goal.
    invertible: bool = False
    #: How many nats a step that is still to be done counts for, as the policy's value head expects it; 0: not asked.
    value: float = 0.0
    #: Tactics that are run first on each goal that is new to the search, in this order, each a step of the budget.
    solvers: tuple[str, ...] = ()
    #: States deeper than this, longer in print or with more goals are not searched from. In AND/OR search: a branch's
    #: tactics, and one tactic's own goals.
    max_depth: int = 12
    max_state_chars: int = 6000
    max_goals: int = 12

    def in_use(self) -> dict[str, Any]:
        """The fields; those that came later only where they are in use, so that what was stored before compares."""
        defaults = {one.name: one.default for one in fields(self)}
        used = {name: value for name, value in asdict(self).items() if value != defaults[name] or name not in _LATER}
        return {name: list(value) if isinstance(value, tuple) else value for name, value in used.items()}
