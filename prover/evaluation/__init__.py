"""Arms side by side on the same theorems, the statistics of it, and the tables and plots."""
