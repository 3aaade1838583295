"""What one gate accepted, decided again by processes that were started for nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from lean_env.embedded.installation import Installation
from lean_env.embedded.pool import WorkerPool
from lean_env.gate.certificate import Certificate, Rejection
from lean_env.gate.gate import Gate
from lean_env.gate.second_kernel.client import SecondKernel
from lean_env.gate.statement import CleanStatement
from lean_env.library.index import Library
from lean_env.session.replay import replay
from lean_env.session.stating import state_text
from lean_env.theorem import Environment, Theorem


@dataclass
class Acceptances:
    """Certified proofs, each proof of a statement once: that bounds what it costs to decide all of them again."""

    exports: dict[tuple[str, str], tuple[Theorem, str, CleanStatement | None, Certificate]] = field(
        default_factory=dict
    )
    texts: dict[tuple[str, tuple[str, ...]], Certificate] = field(default_factory=dict)

    def add(self, theorem: Theorem, export: str, stated: CleanStatement | None, certificate: Certificate) -> None:
        """An export, as it was accepted."""
        key = (certificate.statement_hash, certificate.proof_hash)
        self.exports.setdefault(key, (theorem, export, stated, certificate))

    def add_text(self, theorem: Theorem, tactics: Sequence[str], certificate: Certificate) -> None:
        """A statement that came as text, and the tactics whose export was accepted."""
        self.texts[theorem.statement, tuple(tactics)] = certificate

    def decide_again(self, installation: Installation, library: Library) -> int:
        """How many there were. Fails unless a new deciding worker and a new second kernel accept each, with the same
        hashes; a text is stated and its tactics are replayed in new workers, too."""
        with WorkerPool(installation, 1, role="decide", spares=0) as deciders:
            second = SecondKernel.open(installation, library)
            assert isinstance(second, SecondKernel), second
            with second:
                gate = Gate(library, deciders, second)
                for theorem, export, stated, certificate in self.exports.values():
                    assert _alike(gate.check(theorem, export, stated), certificate), export
                if self.texts:
                    self._replay(installation, gate)
        return len(self.exports) + len(self.texts)

    def _replay(self, installation: Installation, gate: Gate) -> None:
        with WorkerPool(installation, 1, spares=0) as staters, WorkerPool(installation, 1, spares=0) as replayers:
            for (statement, tactics), certificate in self.texts.items():
                theorem = Theorem("again", statement, Environment(("Init",)))
                export = replay(replayers, theorem, tactics).proof_ndjson
                verdict = gate.check(theorem, export, state_text(staters, theorem))
                assert _alike(verdict, certificate), (statement, tactics)


def _alike(again: Certificate | Rejection, first: Certificate) -> bool:
    """The same but for which kernels were asked, and the names that auxiliaries had in the export."""
    return isinstance(again, Certificate) and all(
        getattr(again, field) == getattr(first, field)
        for field in ("statement_hash", "proof_hash", "environment_digest", "axioms")
    )
