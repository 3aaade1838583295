"""Forms of tactics for theorems that stand outside the library: under a header of their own, or over all of Init.

Two things are at hand there that a library theorem's environment does not have: definitions of the theorem's own, which
nearly every step has to unfold, and `grind`. A state of a library theorem is offered none of these forms, so a search
on lean-core goes as it went without them.
"""

from __future__ import annotations

from prover.actions.forms import Need, Slot, table

_OWN = (
    table(
        needs=Need.OWN,
        rows="""
        simp_own | 1.6 | 20 | simp [{own}]
        simp_all_own | 1.7 | 35 | simp_all [{own}]
        simp_all_own_omega | 2.3 | 40 | simp_all [{own}] <;> omega
        simp_own_few | 2.4 | 45 | simp [{own}, {few}]
        simp_all_own_few | 2.5 | 60 | simp_all [{own}, {few}]
        """,
    )
    + table(
        Slot.DATA,
        needs=Need.OWN,
        rows="""
        cases_own | 2.1 | 40 | cases {0} <;> simp_all [{own}]
        induction_own | 1.8 | 60 | induction {0} <;> simp_all [{own}]
        induction_own_omega | 2.1 | 70 | induction {0} <;> simp_all [{own}] <;> omega
        induction_own_few | 2.4 | 90 | induction {0} <;> simp_all [{own}, {few}]
        induction_own_grind | 2.7 | 200 | induction {0} <;> simp_all [{own}] <;> grind
        induction_generalizing_own | 2.1 | 60 | induction {0}{generalizing} <;> simp_all [{own}]
        induction_generalizing_own_omega | 2.4 | 70 | induction {0}{generalizing} <;> simp_all [{own}] <;> omega
        """,
    )
    + table(
        Slot.DEFINITION,
        needs=Need.OWN,
        rows="""
        fun_induction_own | 1.9 | 60 | fun_induction {0} <;> simp_all [{own}]
        fun_induction_own_omega | 2.2 | 70 | fun_induction {0} <;> simp_all [{own}] <;> omega
        fun_induction_own_few | 2.5 | 90 | fun_induction {0} <;> simp_all [{own}, {few}]
        fun_induction_own_grind | 2.8 | 200 | fun_induction {0} <;> simp_all [{own}] <;> grind
        fun_cases_own | 2.5 | 60 | fun_cases {0} <;> simp_all [{own}]
        """,
    )
)

_GRIND = (
    table(
        needs=Need.GRIND,
        rows="""
        grind_unfolding | 2.0 | 100 | grind{unfolding}
        grind_few | 2.7 | 200 | grind{unfolding_few}
        """,
    )
    + table(
        Slot.DATA,
        needs=Need.GRIND,
        rows="""
        cases_grind | 2.6 | 150 | cases {0} <;> grind{unfolding}
        induction_grind | 2.1 | 200 | induction {0} <;> grind{unfolding}
        induction_grind_few | 2.9 | 300 | induction {0} <;> grind{unfolding_few}
        induction_generalizing_grind | 2.3 | 200 | induction {0}{generalizing} <;> grind{unfolding}
        induction_generalizing_grind_few | 3.1 | 300 | induction {0}{generalizing} <;> grind{unfolding_few}
        """,
    )
    + table(
        Slot.DEFINITION,
        needs=Need.GRIND,
        rows="""
        fun_induction_grind | 2.3 | 200 | fun_induction {0} <;> grind{unfolding}
        fun_induction_grind_few | 3.0 | 300 | fun_induction {0} <;> grind{unfolding_few}
        fun_cases_grind | 2.9 | 200 | fun_cases {0} <;> grind{unfolding}
        """,
    )
)

OUTSIDE = _OWN + _GRIND
