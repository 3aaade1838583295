"""The benchmark `lean-logic`: generated statements of three families, graded by size, with ground truth.

    from lean_env.benchmark.lean_logic import load_lean_logic

`benchmark` puts it together, `config` says what may be chosen, `problem` what a problem is.
"""

from lean_env.benchmark.lean_logic.benchmark import LeanLogic, load_lean_logic
from lean_env.benchmark.lean_logic.config import LogicConfig
from lean_env.benchmark.lean_logic.problem import Family, Logic, Problem

__all__ = ["Family", "LeanLogic", "Logic", "LogicConfig", "Problem", "load_lean_logic"]
