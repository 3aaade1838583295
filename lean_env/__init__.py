"""Every contact with Lean: toolchains, workers, proof states, tactics, the acceptance gate, benchmarks."""
