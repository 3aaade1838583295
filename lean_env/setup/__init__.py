"""Making and checking the installation: download, rewriting, `flywheel setup` and `flywheel doctor`."""
