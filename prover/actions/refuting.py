"""Denials of implications between laws of magmas, and the tables that are tried on them."""

from __future__ import annotations

from lean_env.benchmark.lean_magma.statements import refutation
from lean_env.benchmark.lean_magma.tables import Table

#: Tables that a denial may be proved by: all of size 2, and of sizes 3 to 5 those that refute most of what smaller ones
#: do not, found greedily over pairs of train laws. They refute 99.3 % of the pairs that all 3,572 tables refute.
TABLES = (
    *(Table(2, number) for number in (0, 12, 10, 6, 3, 5, 4, 2, 1, 8)),
    *(
        Table(3, number)
        for number in (
            *(162, 14001, 715, 5299, 486, 14937, 14439, 4173, 5421, 6, 5681, 540, 13224, 14688, 243, 14967, 13755),
            *(3168, 2673, 4617, 3936, 2514, 2538, 5465),
        )
    ),
    *(Table(4, number) for number in (3378722460, 2857697535, 960051513, 3834859065)),
    *(Table(5, number) for number in (263799205844014610, 242095216745725970)),
)

#: The tactics that prove a denial by these tables, in their order.
REFUTATIONS = tuple(map(refutation, TABLES))
_DENIAL = "¬∀ (G : Type) (op : G → G → G), "


def is_denial(conclusion: str) -> bool:
    """Whether a printed goal denies something of all magmas."""
    return conclusion.startswith(_DENIAL)
