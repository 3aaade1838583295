"""From a snapshot to training examples; the seed proofs and the steps of people."""
