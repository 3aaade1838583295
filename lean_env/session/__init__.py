"""Theorems opened in a worker: LeanDojo's contract, outcomes of tactics, replay, and statements as text."""
