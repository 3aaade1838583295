"""Attempts over a benchmark: which theorems, one attempt, a whole round, given proofs."""
