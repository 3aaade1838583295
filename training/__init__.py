"""Snapshot to data set, training, a generation, and the loop over generations. Never searches, never starts Lean."""
