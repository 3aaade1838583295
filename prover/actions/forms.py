"""What a tactic form is: a template with slots, and what may fill each slot."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Slot(StrEnum):
    """What may fill a slot of a template."""

    DATA = "data"
    PROOF = "proof"
    PROPOSITION = "proposition"
    FUNCTION = "function"
    #: A definition that the goal mentions.
    DEFINITION = "definition"
    #: Any library theorem that was retrieved. The next four are those whose printed shape lets the form work.
    PREMISE = "premise"
    #: An equation or equivalence whose left side fits the goal.
    REWRITE = "rewrite"
    #: The same with the right side.
    REWRITE_BACK = "rewrite-back"
    #: Its conclusion fits the goal.
    CLOSER = "closer"
    EQUIVALENCE = "equivalence"
    #: Any term of the context.
    TERM = "term"

    # Proofs in the context by what they say (prover/actions/uses.py), from here to the end.
    #: Any implication.
    IMPLICATION = "implication"
    #: An implication whose antecedent is not at hand and whose consequent is not known.
    ANTECEDENT = "antecedent"
    #: An implication whose consequent may be the goal.
    REACHING = "reaching"
    #: Any equivalence.
    IFF = "iff"
    #: Its right side is the goal.
    IFF_FORWARD = "iff-forward"
    #: An equivalence to be used from right to left.
    IFF_BACK = "iff-back"
    #: Its left side is the goal.
    IFF_BACKWARD = "iff-backward"
    #: Any universal statement.
    UNIVERSAL = "universal"
    #: A statement about all propositions.
    SCHEMATIC = "schematic"
    #: A universal statement whose conclusion may be the goal.
    YIELDING = "yielding"
    #: Something that `cases` can split.
    SPLITTABLE = "splittable"
    #: Any equation whose left side is not a bare variable.
    EQUATION = "equation"
    #: The same, to be used from right to left.
    EQUATION_BACK = "equation-back"
    #: Its left side occurs in the goal.
    LEFT = "left"
    #: Its right side occurs in the goal.
    RIGHT = "right"
    #: The goal with its sides exchanged.
    MIRRORED = "mirrored"
    #: An equation that gives the value of a variable.
    SUBSTITUTION = "substitution"
    #: It may be the goal itself.
    CLOSING = "closing"
    #: It may be the body of an existential goal.
    WITNESSING = "witnessing"

    # Enum's own is a function in Python; a state looks up a hundred slots and needs.
    __hash__ = str.__hash__


#: The slots that proofs of the context fill by what they say.
HYPOTHESES = tuple(Slot)[tuple(Slot).index(Slot.IMPLICATION) :]


class Need(StrEnum):
    """What a state must show before a form is offered. A failed form costs Lean 2 ms and the search a step."""

    NOTHING = "nothing"
    #: Something to introduce.
    BINDER = "binder"
    #: A proof among the locals.
    HYPOTHESIS = "hypothesis"
    #: `if` or `match` in the conclusion.
    BRANCHES = "branches"
    #: A disjunction.
    ALTERNATIVES = "alternatives"
    #: The conclusion is a conjunction, an equivalence or an existential.
    STRUCTURE = "structure"
    #: The conclusion is an existential.
    WITNESS = "witness"
    #: The conclusion is an equation or an equivalence.
    EQUATION = "equation"
    #: The conclusion is an atom, a disjunction or an existential, for which a proof by contradiction can help.
    POSITIVE = "positive"
    #: The conclusion is not `False`.
    OPEN = "open"
    #: The conclusion is `True`.
    TRUE = "true"
    #: Definitions of the theorem's own header in the goal, or in those.
    OWN = "own"
    #: All of Init is imported, `grind` with it.
    GRIND = "grind"

    __hash__ = str.__hash__


@dataclass(frozen=True, slots=True)
class Template:
    """A tactic with slots.

    In `form` these stand for text that depends on the state:

    - `{0}`, `{1}`: what fills the slots
    - `{premises}`, `{few}`: the six best premises, the three best
    - `{definitions}`: the definitions in the goal
    - `{own}`: those of them that are the theorem's own
    - `{unfolding}`, `{unfolding_few}`: these in brackets, and with the three best premises; empty if there are none
    - `{generalizing}`: a clause over everything that does not occur in the type of slot 0, empty if there is nothing
    - `{fresh}`: an unused name
    - `{holes}`: an underscore for each variable that slot 0 quantifies over
    """

    name: str
    form: str
    slots: tuple[Slot, ...]
    #: Nats: -log of how readily portfolio search tries the form. Set by hand.
    cost: float
    #: Typical time inside Lean on library goals, failed runs included. For policies that discount slow forms.
    milliseconds: float
    #: Whether (a, b) and (b, a) are different actions. A pair never repeats a pointer.
    ordered: bool = True
    needs: Need = Need.NOTHING


def table(*slots: Slot, rows: str, ordered: bool = True, needs: Need = Need.NOTHING) -> tuple[Template, ...]:
    """Reads rows `name | cost | milliseconds | form`."""
    templates = []
    for row in rows.strip().splitlines():
        name, cost, milliseconds, form = (cell.strip() for cell in row.split("|", 3))
        templates.append(Template(name, form, slots, float(cost), float(milliseconds), ordered, needs))
    return tuple(templates)
