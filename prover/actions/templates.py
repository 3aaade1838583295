"""The forms of tactics for library theorems: templates with slots for locals, premises, definitions.

The trained ranker, the grammar and portfolio search share one table, so none of them can do what another cannot.
prover/actions/elementary.py holds the other repertoire, for statements that are to be proved without automation.
"""

from __future__ import annotations

from prover.actions.forms import Need, Slot, Template, table
from prover.actions.own_forms import OUTSIDE

_CLOSED = (
    table(
        rows="""
        rfl | 1.0 | 5 | rfl
        simp | 1.2 | 3 | simp
        simp_all | 1.2 | 4 | simp_all
        omega | 1.3 | 2 | omega
        decide | 2.0 | 1 | decide
        decide_revert | 3.2 | 3 | decide +revert
        grind | 2.2 | 5 | grind
        constructor | 2.4 | 2 | constructor
        constructor_simp_all | 2.2 | 4 | constructor <;> intros <;> simp_all
        constructor_omega | 2.8 | 3 | constructor <;> intros <;> omega
        constructor_elim | 2.4 | 10 | constructor <;> intros <;> solve_by_elim [{premises}]
        refine_pair | 3.0 | 2 | refine ⟨?_, ?_⟩
        anonymous_rfl | 2.8 | 2 | exact ⟨_, rfl⟩
        ext | 2.6 | 4 | ext
        ext_simp | 2.4 | 2 | ext <;> simp
        ext_simp_all | 2.8 | 14 | ext <;> simp_all
        funext | 2.8 | 2 | funext x
        exfalso | 4.0 | 1 | exfalso
        symm | 3.6 | 1 | symm
        congr | 3.4 | 4 | congr
        congr_one | 3.4 | 3 | congr 1
        propext | 3.2 | 2 | apply propext
        simp_all_omega | 2.2 | 3 | simp_all <;> omega
        simp_omega | 2.6 | 2 | simp <;> omega
        simp_rfl | 2.6 | 8 | simp <;> rfl
        simp_ac_rfl | 3.4 | 9 | simp <;> ac_rfl
        bv_omega | 3.2 | 6 | bv_omega
        norm_cast | 3.4 | 4 | norm_cast
        exact_rfl | 2.4 | 4 | exact rfl
        dsimp | 3.4 | 3 | dsimp
        ac_rfl | 2.0 | 5 | ac_rfl
        infer_instance | 2.8 | 3 | infer_instance
        trivial | 3.0 | 6 | trivial
        by_contradiction | 3.4 | 3 | false_or_by_contra
        simp_premises | 2.6 | 48 | simp [{premises}]
        simp_few | 2.2 | 20 | simp [{few}]
        simp_all_premises | 2.8 | 68 | simp_all [{premises}]
        simp_all_few | 2.3 | 48 | simp_all [{few}]
        solve_by_elim | 2.2 | 8 | solve_by_elim
        elim_premises | 2.0 | 54 | solve_by_elim [{premises}]
        simp_only_premises | 3.0 | 12 | simp only [{premises}]
        simp_definitions | 2.6 | 20 | simp [{definitions}]
        simp_all_definitions | 2.8 | 36 | simp_all [{definitions}]
        simp_definitions_few | 2.6 | 41 | simp [{definitions}, {few}]
        ext_simp_few | 3.0 | 11 | ext <;> simp [{few}]
        simp_few_omega | 2.8 | 25 | simp [{few}] <;> omega
        simp_all_few_omega | 3.0 | 30 | simp_all [{few}] <;> omega
        """
    )
    + table(
        needs=Need.BINDER,
        rows="""
        intros | 2.0 | 1 | intros
        """,
    )
    + table(
        needs=Need.HYPOTHESIS,
        rows="""
        contradiction | 2.4 | 3 | contradiction
        assumption | 2.4 | 3 | assumption
        subst_vars | 2.8 | 2 | subst_vars
        simp_everywhere | 3.0 | 8 | simp at *
        simp_hypotheses | 2.8 | 8 | simp [*]
        """,
    )
    + table(
        needs=Need.BRANCHES,
        rows="""
        split | 2.8 | 8 | split
        split_simp_all | 2.4 | 2 | split <;> simp_all
        split_omega | 3.2 | 10 | split <;> omega
        split_simp_all_few | 3.2 | 35 | split <;> simp_all [{few}]
        """,
    )
    + table(
        needs=Need.ALTERNATIVES,
        rows="""
        left | 3.4 | 1 | left
        right | 3.4 | 1 | right
        """,
    )
)

_DATA = table(
    Slot.DATA,
    rows="""
    cases | 2.8 | 3 | cases {0}
    cases_rfl | 2.2 | 10 | cases {0} <;> rfl
    cases_simp | 2.6 | 6 | cases {0} <;> simp
    cases_simp_all | 1.9 | 10 | cases {0} <;> simp_all
    cases_omega | 3.0 | 4 | cases {0} <;> omega
    cases_simp_few | 2.4 | 46 | cases {0} <;> simp [{few}]
    cases_simp_definitions | 2.9 | 20 | cases {0} <;> simp [{definitions}]
    induction | 3.0 | 5 | induction {0}
    induction_simp_all | 1.9 | 13 | induction {0} <;> simp_all
    induction_simp_hypotheses | 3.0 | 21 | induction {0} <;> simp [*]
    induction_omega | 3.2 | 4 | induction {0} <;> omega
    induction_simp_all_omega | 2.6 | 11 | induction {0} <;> simp_all <;> omega
    induction_simp_all_few | 2.3 | 60 | induction {0} <;> simp_all [{few}]
    induction_simp_all_premises | 3.0 | 85 | induction {0} <;> simp_all [{premises}]
    induction_simp_all_definitions | 2.6 | 40 | induction {0} <;> simp_all [{definitions}]
    induction_generalizing | 3.6 | 6 | induction {0}{generalizing}
    induction_generalizing_simp_all | 2.8 | 9 | induction {0}{generalizing} <;> simp_all
    induction_generalizing_few | 2.9 | 60 | induction {0}{generalizing} <;> simp_all [{few}]
    induction_generalizing_definitions | 2.9 | 40 | induction {0}{generalizing} <;> simp_all [{definitions}]
    exists | 3.2 | 2 | exists {0}
    """,
)

_PROOF = table(
    Slot.PROOF,
    rows="""
    exact_local | 2.0 | 2 | exact {0}
    exact_local_applied | 2.6 | 2 | exact {0} ..
    exact_local_symm | 3.0 | 2 | exact {0}.symm
    apply_local | 2.4 | 2 | apply {0}
    rw_local | 2.6 | 3 | rw [{0}]
    rw_local_back | 3.0 | 3 | rw [← {0}]
    simp_local | 2.6 | 8 | simp [{0}]
    simp_at | 3.0 | 6 | simp at {0}
    simp_at_simp_all | 3.2 | 14 | simp at {0} <;> simp_all
    simpa_using | 2.8 | 8 | simpa using {0}
    cases_proof | 2.8 | 3 | cases {0}
    cases_proof_simp_all | 2.6 | 15 | cases {0} <;> simp_all
    induction_proof | 3.4 | 5 | induction {0}
    induction_proof_simp_all | 3.0 | 25 | induction {0} <;> simp_all
    subst | 2.8 | 2 | subst {0}
    """,
)

_FUNCTION = table(
    Slot.FUNCTION,
    rows="""
    apply_function | 3.4 | 2 | apply {0}
    """,
)

_PROPOSITION = table(
    Slot.PROPOSITION,
    rows="""
    by_cases_proposition | 2.8 | 3 | by_cases h : {0}
    by_cases_simp_all | 2.4 | 12 | by_cases h : {0} <;> simp_all
    """,
)

_DEFINITION = table(
    Slot.DEFINITION,
    rows="""
    unfold | 3.0 | 4 | unfold {0}
    unfold_simp | 3.0 | 6 | unfold {0} <;> simp
    unfold_split | 2.6 | 15 | unfold {0} <;> split <;> simp_all
    fun_induction | 2.0 | 25 | fun_induction {0} <;> simp_all
    fun_induction_plain | 3.4 | 8 | fun_induction {0}
    fun_induction_few | 2.6 | 60 | fun_induction {0} <;> simp_all [{few}]
    fun_induction_omega | 3.0 | 35 | fun_induction {0} <;> simp_all <;> omega
    fun_cases | 2.2 | 35 | fun_cases {0} <;> simp_all
    fun_cases_few | 2.9 | 50 | fun_cases {0} <;> simp_all [{few}]
    rw_definition | 3.2 | 4 | rw [{0}]
    simp_definition | 2.6 | 12 | simp [{0}]
    simp_only_definition | 3.4 | 8 | simp only [{0}]
    simp_all_definition | 2.8 | 19 | simp_all [{0}]
    """,
)

_PREMISE = (
    table(
        Slot.CLOSER,
        rows="""
        exact_premise | 2.5 | 14 | exact {0} ..
        apply_premise | 2.8 | 14 | apply {0}
        apply_premise_simp_all | 2.8 | 15 | apply {0} <;> simp_all
        apply_premise_assumption | 2.5 | 22 | apply {0} <;> assumption
        apply_premise_omega | 3.3 | 8 | apply {0} <;> omega
        """,
    )
    + table(
        Slot.EQUIVALENCE,
        rows="""
        apply_premise_mpr | 3.2 | 6 | apply {0}.mpr
        apply_premise_mp | 3.6 | 6 | apply {0}.mp
        """,
    )
    + table(
        Slot.REWRITE,
        rows="""
        rw_premise | 2.8 | 4 | rw [{0}]
        rw_premise_simp | 2.9 | 3 | rw [{0}] <;> simp
        rw_premise_simp_few | 3.0 | 30 | rw [{0}] <;> simp [{few}]
        simp_only_premise | 3.4 | 7 | simp only [{0}]
        """,
    )
    + table(
        Slot.REWRITE_BACK,
        rows="""
        rw_premise_back | 3.2 | 4 | rw [← {0}]
        simp_premise_back | 3.4 | 39 | simp [← {0}]
        """,
    )
    + table(
        Slot.PREMISE,
        rows="""
        simp_premise | 2.5 | 10 | simp [{0}]
        simp_all_premise | 2.7 | 15 | simp_all [{0}]
        simp_premise_omega | 3.3 | 15 | simp [{0}] <;> omega
        ext_simp_premise | 3.4 | 4 | ext <;> simp [{0}]
        """,
    )
)

_PAIRS = (
    table(
        Slot.DATA,
        Slot.DATA,
        ordered=False,
        rows="""
        cases_cases_simp_all | 2.8 | 25 | cases {0} <;> cases {1} <;> simp_all
        cases_cases_rfl | 2.9 | 12 | cases {0} <;> cases {1} <;> rfl
        cases_cases_simp_few | 3.0 | 50 | cases {0} <;> cases {1} <;> simp [{few}]
        """,
    )
    + table(
        Slot.DATA,
        Slot.PREMISE,
        rows="""
        cases_simp_premise | 3.0 | 24 | cases {0} <;> simp [{1}]
        induction_simp_all_premise | 2.9 | 32 | induction {0} <;> simp_all [{1}]
        """,
    )
    + table(
        Slot.DATA,
        Slot.DEFINITION,
        rows="""
        cases_simp_definition | 2.9 | 25 | cases {0} <;> simp [{1}]
        induction_simp_all_definition | 3.0 | 35 | induction {0} <;> simp_all [{1}]
        """,
    )
    + table(
        Slot.DEFINITION,
        Slot.PREMISE,
        rows="""
        simp_definition_premise | 3.4 | 25 | simp [{0}, {1}]
        fun_induction_premise | 3.2 | 45 | fun_induction {0} <;> simp_all [{1}]
        """,
    )
    + table(
        Slot.PREMISE,
        Slot.PREMISE,
        ordered=False,
        rows="""
        simp_two_premises | 3.2 | 20 | simp [{0}, {1}]
        simp_all_two_premises | 3.4 | 25 | simp_all [{0}, {1}]
        """,
    )
    + table(
        Slot.PREMISE,
        Slot.PROOF,
        rows="""
        exact_premise_local | 3.0 | 3 | exact {0} {1}
        apply_premise_local | 3.4 | 3 | apply {0} {1}
        simp_premise_at | 3.6 | 12 | simp [{0}] at {1}
        """,
    )
    + table(
        Slot.EQUIVALENCE,
        Slot.PROOF,
        rows="""
        exact_premise_mp | 3.2 | 3 | exact {0}.mp {1}
        exact_premise_mpr | 3.2 | 3 | exact {0}.mpr {1}
        """,
    )
    + table(
        Slot.PROOF,
        Slot.PROOF,
        rows="""
        exact_local_local | 3.0 | 2 | exact {0} {1}
        rw_local_at | 3.6 | 3 | rw [{0}] at {1}
        """,
    )
    + table(
        Slot.PROOF,
        Slot.DATA,
        rows="""
        exact_local_data | 3.2 | 2 | exact {0} {1}
        specialize | 3.6 | 2 | specialize {0} {1}
        """,
    )
)

_LIBRARY = _CLOSED + _DATA + _PROOF + _FUNCTION + _PROPOSITION + _DEFINITION + _PREMISE + _PAIRS
TEMPLATES: tuple[Template, ...] = _LIBRARY + OUTSIDE
