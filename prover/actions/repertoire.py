"""A repertoire: the tactic forms that a benchmark allows, and how many things of each kind may fill their slots.

Three exist: LIBRARY, with automation and premises; `prover.actions.elementary.ELEMENTARY`, with neither; and
`prover.actions.magma.MAGMA`, for equations.
A network belongs to the repertoire that it was trained with.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from prover.actions.forms import HYPOTHESES, Slot, Template
from prover.actions.templates import TEMPLATES

#: Time that a form of unit cost takes: the discount for slow forms is zero there.
_TYPICAL_MILLISECONDS = 6.0


class OutsideRepertoire(ValueError):
    """A proof that uses more than its benchmark allows."""


@dataclass(frozen=True, eq=False)
class Repertoire:
    """Tactic forms, and limits on what fills their slots."""

    name: str
    templates: tuple[Template, ...]
    #: At most so many fill a slot of a form with two slots. Without it pairs would drown everything else.
    pair_limits: Mapping[Slot, int]
    #: At most so many locals can be pointed at, the latest when there are more.
    locals: int
    #: At most so many fill a slot of the kind DATA.
    data: int
    #: At most so many fill a slot of the kind PROOF.
    proofs: int
    #: How many tokens of a local's type a prompt shows.
    type_tokens: int
    #: Whether premises and definitions are looked up.
    retrieves: bool
    #: Says whether a tactic may stand in a proof. None: any may, automation too.
    allows: Callable[[str], bool] | None = None
    #: Whether its actions are those of `prover.actions.equational`, whose templates have no forms.
    equational: bool = False

    def require(self, theorem: str, tactics: Iterable[str]) -> None:
        """Raises OutsideRepertoire, naming the theorem and the first tactic that is not allowed."""
        for tactic in tactics if self.allows else ():
            if self.allows and not self.allows(tactic):
                raise OutsideRepertoire(f"the proof of {theorem} is not {self.name}: {tactic!r}")

    @property
    def names(self) -> list[str]:
        """The templates' names, in order: what a checkpoint says it was trained with."""
        return [template.name for template in self.templates]

    @cached_property
    def uses_hypotheses(self) -> bool:
        """Whether any of its templates has a slot that hypotheses fill by what they say."""
        return any(slot in HYPOTHESES for template in self.templates for slot in template.slots)

    @cached_property
    def costs(self) -> npt.NDArray[np.float64]:
        """Hand-set cost in nats of each template."""
        return np.array([template.cost for template in self.templates])

    @cached_property
    def log_times(self) -> npt.NDArray[np.float64]:
        """For each template the logarithm of its typical time over that of a form of unit cost."""
        return np.log(np.array([template.milliseconds for template in self.templates]) / _TYPICAL_MILLISECONDS)

    @cached_property
    def slot_number(self) -> npt.NDArray[np.int64]:
        """(templates, 2): the number of each template's first and second slot, counted through; -1 for none."""
        numbers = np.full((len(self.templates), 2), -1, dtype=np.int64)
        filled = np.array([len(template.slots) for template in self.templates])[:, None] > np.arange(2)
        numbers[filled] = np.arange(filled.sum())
        return numbers

    @property
    def slots(self) -> int:
        """How many slots all templates have together."""
        return int(self.slot_number.max()) + 1


LIBRARY = Repertoire(
    name="library",
    templates=TEMPLATES,
    pair_limits={
        Slot.DATA: 4,
        Slot.PROOF: 4,
        Slot.PREMISE: 6,
        Slot.REWRITE: 5,
        Slot.EQUIVALENCE: 5,
        Slot.DEFINITION: 3,
    },
    locals=16,
    data=8,
    proofs=8,
    type_tokens=24,
    retrieves=True,
)
