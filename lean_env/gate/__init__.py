"""What decides about a proof. Nothing here elaborates text, and nothing here imports a session."""
