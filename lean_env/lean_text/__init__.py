"""Lean source as text: what is code in it, what its header imports, where its theorems stand. No Lean is run."""
