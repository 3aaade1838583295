"""A second, newer kernel: what the embedded one accepted is checked again by the native Lean 4.35."""
