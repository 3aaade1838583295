"""What tests of the gate ask of a verdict and of the library."""

from __future__ import annotations

from lean_env.gate.certificate import Certificate, Check, Rejection
from lean_env.library.index import Library
from lean_env.theorem import Theorem


def library_theorem(library: Library, name: str) -> Theorem:
    constant = library.constant(name)
    assert constant is not None
    return Theorem(name, "", library.strict_environment(constant.module), constant.module)


def rejected(verdict: Certificate | Rejection) -> Check:
    assert isinstance(verdict, Rejection), verdict
    return verdict.check
