"""Tactics as text, from a causal language model: one prompt, one way of sampling, two engines behind it."""
