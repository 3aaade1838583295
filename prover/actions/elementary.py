"""The elementary repertoire: one logical rule or one rewrite a step, no automation, no premises.

It is for the benchmark lean-logic, whose statements teach how to compose steps. No form here searches by itself.
`is_elementary` checks a stored proof against the list of words.
"""

from __future__ import annotations

import re

from prover.actions.forms import Need, Slot, Template, table
from prover.actions.repertoire import Repertoire

#: The first words that a tactic may have.
_WORDS = """
    intro intros exact apply refine constructor left right cases exists exfalso by_cases induction rw rfl subst have
"""
TACTICS = frozenset(_WORDS.split())
#: Nothing that runs another tactic or a decision procedure inside a term, and no combinator.
_FORBIDDEN = re.compile(r"\bby\b|<;>|;|\b(simp|simp_all|omega|grind|decide|native_decide|first|try|repeat|all_goals)\b")


def is_elementary(tactic: str) -> bool:
    """Whether a tactic is one elementary step, by its words."""
    words = tactic.split(maxsplit=1)
    return bool(words) and words[0] in TACTICS and not _FORBIDDEN.search(tactic)


_CLOSED = (
    table(needs=Need.BINDER, rows="intro | 1 | 1 | intro")
    + table(needs=Need.EQUATION, rows="rfl | 1 | 1 | rfl")
    + table(needs=Need.STRUCTURE, rows="constructor | 1 | 1 | constructor")
    + table(
        needs=Need.ALTERNATIVES,
        rows="""
        left | 1 | 1 | left
        right | 1 | 1 | right
        """,
    )
    + table(needs=Need.TRUE, rows="trivial | 1 | 1 | exact trivial")
    + table(needs=Need.OPEN, rows="exfalso | 1 | 1 | exfalso")
    + table(
        needs=Need.POSITIVE,
        rows="by_contradiction | 1 | 1 | refine Classical.byContradiction (fun {fresh} => ?_)",
    )
)

_ONE = (
    table(Slot.CLOSING, rows="exact | 1 | 1 | exact {0}")
    + table(Slot.WITNESSING, needs=Need.WITNESS, rows="exact_witness | 1 | 1 | exact ⟨_, {0}⟩")
    + table(Slot.IMPLICATION, rows="apply | 1 | 1 | apply {0}")
    # The left rule of implication: its antecedent becomes a goal, its consequent is known in the other one. Without it
    # an implication is of use only when its antecedent is at hand or its consequent is the goal.
    + table(Slot.ANTECEDENT, rows="have_consequent | 1 | 1 | have {fresh} := {0} ?_")
    + table(
        Slot.SCHEMATIC,
        rows="""
        have_of_true | 1 | 1 | have {fresh} := {0} True
        have_of_false | 1 | 1 | have {fresh} := {0} False
        """,
    )
    + table(Slot.YIELDING, rows="apply_universal | 1 | 1 | apply {0}")
    + table(Slot.SPLITTABLE, rows="cases_proof | 1 | 1 | cases {0}")
    + table(Slot.IFF_FORWARD, rows="apply_forward | 1 | 1 | apply {0}.mp")
    + table(Slot.IFF_BACKWARD, rows="apply_backward | 1 | 1 | apply {0}.mpr")
    + table(Slot.LEFT, rows="rw | 1 | 1 | rw [{0}]")
    + table(Slot.RIGHT, rows="rw_back | 1 | 1 | rw [← {0}]")
    + table(Slot.MIRRORED, rows="exact_symm | 1 | 1 | exact {0}.symm")
    + table(Slot.SUBSTITUTION, rows="subst | 1 | 1 | subst {0}")
    + table(Slot.PROPOSITION, rows="by_cases | 1 | 1 | by_cases {fresh} : {0}")
    + table(
        Slot.DATA,
        rows="""
        cases | 1 | 2 | cases {0}
        induction | 1 | 2 | induction {0}
        induction_generalizing | 1 | 2 | induction {0}{generalizing}
        """,
    )
    + table(Slot.TERM, needs=Need.WITNESS, rows="exists | 1 | 1 | exists {0}")
)

_TWO = (
    table(Slot.IMPLICATION, Slot.PROOF, rows="have_applied | 1 | 1 | have {fresh} := {0} {1}")
    + table(Slot.REACHING, Slot.PROOF, rows="exact_applied | 1 | 1 | exact {0} {1}")
    + table(Slot.UNIVERSAL, Slot.PROOF, rows="have_instance_applied | 1 | 1 | have {fresh} := {0}{holes} {1}")
    + table(Slot.YIELDING, Slot.PROOF, rows="exact_instance_applied | 1 | 1 | exact {0}{holes} {1}")
    + table(Slot.UNIVERSAL, Slot.TERM, rows="have_instance | 1 | 1 | have {fresh} := {0} {1}")
    + table(Slot.IFF, Slot.PROOF, rows="have_forward | 1 | 1 | have {fresh} := {0}.mp {1}")
    + table(Slot.IFF_BACK, Slot.PROOF, rows="have_backward | 1 | 1 | have {fresh} := {0}.mpr {1}")
    + table(Slot.EQUATION, Slot.PROOF, rows="rw_at | 1 | 1 | rw [{0}] at {1}")
    + table(Slot.EQUATION_BACK, Slot.PROOF, rows="rw_back_at | 1 | 1 | rw [← {0}] at {1}")
)

_TEMPLATES: tuple[Template, ...] = _CLOSED + _ONE + _TWO

#: Twice the library's room for locals: statements bring their own functions with their equations.
ELEMENTARY = Repertoire(
    name="elementary",
    templates=_TEMPLATES,
    pair_limits={
        Slot.IMPLICATION: 16,
        Slot.REACHING: 16,
        Slot.UNIVERSAL: 8,
        Slot.YIELDING: 8,
        Slot.IFF: 8,
        Slot.IFF_BACK: 8,
        Slot.EQUATION: 6,
        Slot.EQUATION_BACK: 6,
        Slot.PROOF: 16,
        Slot.TERM: 5,
    },
    locals=24,
    data=8,
    proofs=16,
    type_tokens=40,
    retrieves=False,
    allows=is_elementary,
)
