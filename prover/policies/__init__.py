"""Everything that proposes tactics: the ranker, the grammar, portfolio search, free text."""
