"""What makes the next model from training examples."""
