"""Policies at inference, proof search, one round over a benchmark, and the `flywheel` command."""
