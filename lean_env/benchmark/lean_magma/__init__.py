"""The benchmark `lean-magma`: does one law of magmas imply another? To prove, or to refute by a finite table.

    from lean_env.benchmark.lean_magma import load_lean_magma

`laws` makes the 4,694 laws with up to four operations, `tables` and `refuter` say where they hold, `rewriting` how many
rewrites a proof takes, `statements` puts it into Lean's words, `benchmark` draws statements and splits them by law.
"""

from lean_env.benchmark.lean_magma.benchmark import Implication, LeanMagma, MagmaConfig, load_lean_magma

__all__ = ["Implication", "LeanMagma", "MagmaConfig", "load_lean_magma"]
