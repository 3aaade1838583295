"""The user's own Lean, with its Mathlib: elan's toolchain and a built repository, through leanprover-community/repl.

Native Lean runs whatever the elaborated text says: every process of this package that elaborates is a sandboxed one.
What is proved here is a claim, and no certificate comes of it: the gate knows the embedded Lean's library only.
"""
