"""Benchmarks that others wrote: miniF2F, ProofNet, PutnamBench, NuminaMath, LeanDojo, or any Lean files.

    from lean_env.benchmark.external import load_external

`reading` finds files and rows, `lean_source`, `json_rows` and `leandojo` read them, `check` asks Lean about each,
`duplicates` compares them with what is there already. Nothing is dropped: what cannot be used says why.
"""

from lean_env.benchmark.external.benchmark import PREFIX, STRATUM, External, default_name, load_external
from lean_env.benchmark.external.check import Unusable, Usable
from lean_env.benchmark.external.duplicates import Classes, Duplicate, Known, near_duplicates
from lean_env.benchmark.external.json_rows import UnknownField
from lean_env.benchmark.external.leandojo import introductions, linear
from lean_env.benchmark.external.reading import Format, Unreadable
from lean_env.benchmark.external.row import Row

__all__ = [
    "PREFIX",
    "STRATUM",
    "Classes",
    "Duplicate",
    "External",
    "Format",
    "Known",
    "Row",
    "UnknownField",
    "Unreadable",
    "Unusable",
    "Usable",
    "default_name",
    "introductions",
    "linear",
    "load_external",
    "near_duplicates",
]
