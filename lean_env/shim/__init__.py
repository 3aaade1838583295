"""A `lake` and a `lean` for LeanDojo, served by the embedded Lean's warm workers.

LeanDojo's `Dojo` runs `lake env lean FILE`, where FILE holds a theorem whose proof is the tactic `lean_dojo_repl`, and
speaks JSON lines with that tactic over the process's terminal. From Lean 4.12 on elaboration isolates stdin and stdout,
so the tactic cannot talk. Here a server answers in place of the tactic.

`folder` makes the two executables, and `relay` is what they run. `server` answers. `source` understands FILE. `traced`
writes the files that LeanDojo wants to see before it starts anything. `offline` keeps LeanDojo's `trace()` from asking
GitHub.
"""
