"""What an archive's proofs are worth here: every hash is checked, and each proof that is new is judged, with the lemmas
that it borrows, before anything is written."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from sqlalchemy import select

from corpus import schema
from corpus.archive import Archive, ProofLine
from corpus.database import reading
from corpus.errors import ImportRefused
from corpus.hashing import content_hash, hash_of_set
from corpus.human import traces_hash, with_human
from corpus.library import LentProof
from corpus.records import HumanTraceRecord, ProofRecord, TheoremRecord
from corpus.store import Corpus

#: What a proof of an archive is worth here, given the lemmas that it borrows with all that these rest on: the proof as
#: it is stored, certificate and all; what it `borrowed` by the ids of these. Raises CorpusError.
Judge = Callable[[TheoremRecord, ProofLine, Sequence[LentProof]], ProofRecord]
Report = Callable[[int, int], None]


class Judging:
    """One pass over an archive's proofs in their order."""

    def __init__(
        self, corpus: Corpus, file: Archive, theorems: Mapping[tuple[str, str], TheoremRecord], judge: Judge | None
    ) -> None:
        self._corpus, self._file, self._theorems, self._judge = corpus, file, theorems, judge
        #: The proofs that others borrow: these are judged here even where they are stored, for their own part.
        self._borrowed = {one for line in file.proofs() for one in line.borrowed} if file.manifest.borrowers else set()
        self._lent: dict[str, LentProof] = {}

    def run(
        self, traces: list[tuple[str, HumanTraceRecord]], classes: Mapping[tuple[str, str], str], report: Report
    ) -> dict[str, ProofRecord]:
        """What is to be stored of each proof that is new here, by content hash, without its steps. `classes`: the
        theorems' statement classes. Raises ImportRefused, and what the judge raises."""
        path, manifest = self._file.path, self._file.manifest
        judged: dict[str, ProofRecord] = {}
        seen: set[str] = set()
        members: list[str] = []
        for place, proof in enumerate(self._file.proofs(), start=1):
            theorem = self._checked(proof)
            if proof.content_hash in seen:
                raise ImportRefused(f"{path}: the proof of {theorem.name} is there twice.")
            seen.add(proof.content_hash)
            if proof.member:
                members.append(proof.content_hash)
            record = self._judged(place, theorem, proof, classes.get((proof.benchmark, proof.theorem), ""))
            if record is not None:
                judged[proof.content_hash] = replace(record, steps=())
            report(len(members), manifest.proofs)
        found = with_human(hash_of_set(members), manifest.human_hash)
        if (len(members), traces_hash(traces), found) != (manifest.proofs, manifest.human_hash, manifest.snapshot):
            raise ImportRefused(f"{path}: its {len(members)} proofs do not hash to snapshot {manifest.snapshot[:64]}.")
        return judged

    def _checked(self, proof: ProofLine) -> TheoremRecord:
        path, theorem = self._file.path, self._theorems.get((proof.benchmark, proof.theorem))
        if theorem is None:
            raise ImportRefused(f"{path} has a proof of {proof.theorem[:200]}, but not the theorem.")
        if theorem.split != "train":
            raise ImportRefused(f"{path} has a proof of {theorem.name} among its training data: it is held out.")
        if not proof.steps:
            raise ImportRefused(f"{path}: the proof of {theorem.name} is empty.")
        if content_hash(proof.benchmark, theorem, proof.source, proof.steps) != proof.content_hash:
            raise ImportRefused(f"{path}: the proof of {theorem.name} is not what its hash says.")
        if not self._lent.keys() >= set(proof.borrowed):
            raise ImportRefused(f"{path}: the proof of {theorem.name} borrows a lemma that does not stand before it.")
        return theorem

    def _judged(self, place: int, theorem: TheoremRecord, proof: ProofLine, theorem_class: str) -> ProofRecord | None:
        """None for a proof that is stored and that nothing borrows."""
        is_lemma = proof.content_hash in self._borrowed
        stored = self._stored(proof.content_hash)
        if stored and not is_lemma:
            return None
        named = {self._lent[one].proof_id for one in proof.borrowed}
        if self._judge is None:
            record = _as_given(proof, self._file.own(proof), named)
        else:
            record = self._judge(theorem, proof, self._closure(proof.borrowed))
        if set(record.borrowed) != named:
            raise ImportRefused(
                f"{self._file.path}: the proof of {theorem.name} borrows other lemmas here than it is said to borrow."
            )
        if is_lemma:
            if not record.term:
                raise ImportRefused(f"{self._file.path}: others borrow {theorem.name}, and it has no own part.")
            self._lent[proof.content_hash] = LentProof(place, theorem, theorem_class, record.term, tuple(sorted(named)))
        return None if stored else record

    def _closure(self, borrowed: Sequence[str]) -> list[LentProof]:
        """These lemmas and all that they rest on, each after what it rests on."""
        by_place = {one.proof_id: one for one in self._lent.values()}
        wanted: set[int] = set()
        todo = [self._lent[one].proof_id for one in borrowed]
        while todo:
            place = todo.pop()
            if place not in wanted:
                wanted.add(place)
                todo += by_place[place].borrowed
        return [by_place[place] for place in sorted(wanted)]

    def _stored(self, content: str) -> bool:
        with reading(self._corpus.engine) as session:
            return session.scalar(select(schema.Proof.id).where(schema.Proof.content_hash == content)) is not None


def _as_given(proof: ProofLine, own: str, named: set[int]) -> ProofRecord:
    return ProofRecord(
        proof.steps, proof.source, proof.certificate, proof.text, proof.term_bytes, own, tuple(sorted(named))
    )
