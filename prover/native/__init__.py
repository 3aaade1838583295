"""Proving and evaluating in the user's own Lean."""
