"""What lemmas offer to tactics that a theorem may borrow (`lean_env.lemmas`): premises beside the library's.

They are few and of the theorem's own module, so they have an index of their own: in the library's every score would
change with each lemma.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import chain, zip_longest

from lean_env.lemmas import Lemmas
from lean_env.theorem import Environment
from prover.actions.premises import RetrievedPremise
from prover.actions.retrieval import PREMISES, PremiseIndex, Retriever
from prover.goal import Goal

#: Of a state's premises, at most so many are borrowed.
LENT_PREMISES = PREMISES // 3


def with_lent(
    environment: Environment, goal: Goal, required: Sequence[str], others: Sequence[RetrievedPremise]
) -> tuple[RetrievedPremise, ...]:
    """Premises of the library with those that the environment lends among them: one each in turn, likeliest first."""
    if environment.lemmas is None:
        return tuple(others)
    lent = _retriever(environment.lemmas).premises(environment, goal, LENT_PREMISES, required)
    kept = _kept(others, PREMISES - len(lent))
    return tuple(premise for premise in chain(*zip_longest(lent, kept)) if premise is not None)


def holds(environment: Environment, name: str) -> bool:
    """Whether the environment lends a lemma of this name."""
    return environment.lemmas is not None and name in environment.lemmas.by_name


def _kept(premises: Sequence[RetrievedPremise], count: int) -> list[RetrievedPremise]:
    """So many of them in their order: all that were asked for, and the likeliest others."""
    others = max(0, count - sum(premise.required for premise in premises))
    rest = [premise for premise in premises if not premise.required][:others]
    return [premise for premise in premises if premise.required or premise in rest][:count]


@lru_cache(maxsize=128)
def _retriever(lemmas: Lemmas) -> Retriever:
    """Over these lemmas, all of them visible."""
    modules = [lemma.module for lemma in lemmas]
    index = PremiseIndex([lemma.name for lemma in lemmas], modules, [lemma.statement for lemma in lemmas])
    everything = frozenset(modules)
    return Retriever(index, lambda _environment: everything)
