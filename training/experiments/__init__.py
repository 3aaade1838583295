"""Several runs side by side, and what a run shows at its end."""
