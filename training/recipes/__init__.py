"""Ways to learn from one's own accepted samples, one file each (docs/RECIPES.md)."""
