"""The SQL corpus of accepted proofs: schema, store, snapshots, queries. Knows neither Lean processes nor tensors."""
