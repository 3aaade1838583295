"""Forms that put two things together, as human proofs of lean-core do and the repertoire does not: lists for rw and
simp in both directions and with arguments, terms of depth two, what a lemma gives taken apart. They are for
bench_forms.py; results/search.md says what they reach."""

from __future__ import annotations

from prover.actions.forms import Need, Slot, Template, table

_LISTS = (
    table(
        Slot.REWRITE,
        Slot.REWRITE,
        rows="""
        rw_two | 2.6 | 5 | rw [{0}, {1}]
        rw_two_simp | 2.7 | 5 | rw [{0}, {1}] <;> simp
        """,
    )
    + table(Slot.REWRITE, Slot.REWRITE_BACK, rows="rw_then_back | 2.7 | 5 | rw [{0}, ← {1}]")
    + table(Slot.REWRITE_BACK, Slot.REWRITE, rows="rw_back_then | 2.7 | 5 | rw [← {0}, {1}]")
    + table(Slot.PREMISE, Slot.REWRITE_BACK, rows="simp_then_back | 2.8 | 25 | simp [{0}, ← {1}]")
    + table(
        Slot.REWRITE_BACK,
        rows="""
        rw_back_simp | 2.4 | 5 | rw [← {0}] <;> simp
        rw_back_simp_all | 2.4 | 5 | rw [← {0}] <;> simp_all
        simp_only_back | 2.8 | 7 | simp only [← {0}]
        """,
    )
)

_WITH_ARGUMENTS = (
    table(
        Slot.REWRITE,
        Slot.PROOF,
        rows="""
        rw_applied | 2.4 | 5 | rw [{0} {1}]
        rw_applied_simp_all | 2.4 | 5 | rw [{0} {1}] <;> simp_all
        """,
    )
    + table(
        Slot.PREMISE,
        Slot.PROOF,
        rows="""
        simp_applied | 2.6 | 12 | simp [{0} {1}]
        simp_all_applied | 2.6 | 12 | simp_all [{0} {1}]
        rw_at | 2.7 | 5 | rw [{0}] at {1}
        rw_at_simp_all | 2.7 | 8 | rw [{0}] at {1} <;> simp_all
        simpa_premise_using | 2.4 | 12 | simpa [{0}] using {1}
        """,
    )
    + table(Slot.REWRITE, Slot.DATA, rows="rw_applied_data | 2.7 | 5 | rw [{0} {1}]")
    + table(
        Slot.DATA,
        Slot.REWRITE,
        rows="""
        cases_rw | 2.6 | 10 | cases {0} <;> rw [{1}] <;> simp_all
        induction_rw | 2.6 | 10 | induction {0} <;> rw [{1}] <;> simp_all
        """,
    )
)

_TERMS = (
    table(
        Slot.CLOSER,
        rows="""
        exact_symm | 2.3 | 10 | exact ({0} ..).symm
        exact_congrarg | 2.6 | 10 | exact congrArg _ ({0} ..)
        simpa_using | 2.3 | 20 | simpa using {0} ..
        simpa_few_using | 2.4 | 20 | simpa [{few}] using {0} ..
        apply_simp | 2.4 | 10 | apply {0} <;> simp
        apply_few | 2.6 | 30 | apply {0} <;> simp_all [{few}]
        """,
    )
    + table(
        Slot.CLOSER,
        Slot.PREMISE,
        rows="""
        exact_two | 2.7 | 5 | exact {0} ({1} ..)
        exact_two_second | 2.8 | 5 | exact {0} _ ({1} ..)
        exact_trans | 2.8 | 5 | exact ({0} ..).trans ({1} ..)
        exact_pair | 2.8 | 5 | exact ⟨{0} .., {1} ..⟩
        """,
    )
    + table(
        Slot.CLOSER,
        Slot.PROOF,
        rows="""
        exact_second | 2.6 | 3 | exact {0} _ {1}
        simpa_using_applied | 2.5 | 10 | simpa using {0} {1}
        """,
    )
    + table(
        Slot.EQUIVALENCE,
        Slot.PREMISE,
        rows="""
        exact_mpr_two | 2.8 | 5 | exact {0}.mpr ({1} ..)
        exact_mp_two | 2.8 | 5 | exact {0}.mp ({1} ..)
        """,
    )
)

_TAKEN_APART = (
    table(
        Slot.PREMISE,
        Slot.PROOF,
        rows="""
        obtain_rfl | 2.6 | 4 | obtain ⟨_, rfl⟩ := {0} {1}
        obtain_pair | 2.6 | 4 | obtain ⟨_, _⟩ := {0} {1}
        cases_applied | 2.7 | 5 | cases {0} {1} <;> simp_all
        have_applied | 2.8 | 4 | have {fresh} := {0} {1}
        """,
    )
    + table(
        Slot.EQUIVALENCE,
        Slot.PROOF,
        rows="""
        obtain_mp_rfl | 2.6 | 4 | obtain ⟨_, rfl⟩ := {0}.mp {1}
        obtain_mp_pair | 2.6 | 4 | obtain ⟨_, _⟩ := {0}.mp {1}
        simpa_mp | 2.6 | 10 | simpa using {0}.mp {1}
        """,
    )
    + table(
        Slot.PROOF,
        rows="""
        obtain_local_rfl | 2.4 | 3 | obtain ⟨_, rfl⟩ := {0}
        obtain_local_pair | 2.4 | 3 | obtain ⟨_, _⟩ := {0}
        split_at | 2.6 | 5 | split at {0} <;> simp_all
        """,
    )
    + table(
        needs=Need.BRANCHES,
        rows="""
        split_simpa | 2.2 | 8 | split <;> simpa
        splits_simp_all | 2.2 | 8 | (repeat' split) <;> simp_all
        """,
    )
    + table(
        rows="""
        rintro_rfl | 2.4 | 5 | rintro rfl
        rintro_pair | 2.4 | 5 | rintro ⟨_, _⟩
        rintro_pair_rfl | 2.4 | 5 | rintro ⟨_, rfl⟩
        """
    )
)

COMPOSED: tuple[Template, ...] = _LISTS + _WITH_ARGUMENTS + _TERMS + _TAKEN_APART
