"""Benchmarks by name: how each comes into the corpus, and what a policy may do there."""
