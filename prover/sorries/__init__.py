"""The `sorry`s of a Lean file: what each has to prove, as Lean prints it there, and the file with a proof in its place.

    file = LeanFile(text, check)
    holes = file.holes()                       # each with its goals, or the reason why it has none
    pose = Poser(file.environment, stated).pose(file.above(text, holes[0]), holes[0].line, holes[0].goals[0])
    new, objection = file.filled(text, holes[0], [Block(("simp", "omega"))])
    new, found = fill(file, poser, search, report)

`holes` asks Lean for goals, `statements` writes a goal as a theorem's statement, `posing` finds where it can be stated,
`insertion` writes proofs into the text, `filling` does all of it for a whole file.
"""

from prover.sorries.filling import Answer, Found, Search, fill
from prover.sorries.holes import Check, Hole, LeanFile
from prover.sorries.insertion import Block
from prover.sorries.posing import Above, Pose, Poser, Unposed
from prover.sorries.statements import Posed, Statement

__all__ = [
    "Above",
    "Answer",
    "Block",
    "Check",
    "Found",
    "Hole",
    "LeanFile",
    "Pose",
    "Posed",
    "Poser",
    "Search",
    "Statement",
    "Unposed",
    "fill",
]
