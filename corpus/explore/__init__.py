"""The corpus in datasette (extra `explore`): a ready-made explorer for questions that no page foresaw."""
