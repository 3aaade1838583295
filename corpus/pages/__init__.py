"""The web pages: `flywheel serve`. They read the corpus and nothing else; needs the extra `[pages]`."""
