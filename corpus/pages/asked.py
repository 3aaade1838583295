"""What a page is asked for: the corpus behind it."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from corpus.store import Corpus


def _corpus(request: Request) -> Corpus:
    corpus = request.app.state.corpus
    assert isinstance(corpus, Corpus)
    return corpus


Asked = Annotated[Corpus, Depends(_corpus)]
