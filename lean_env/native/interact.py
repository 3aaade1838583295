"""lean-interact, imported in one place: an extra of this package, and quiet (its log goes to stdout)."""

from __future__ import annotations

import logging

from lean_env.native.errors import NativeUnavailable

try:
    from lean_interact import Command, LeanREPLConfig, LeanServer, LocalProject, ProofStep
    from lean_interact.interface import CommandResponse, Message, ProofStepResponse
    from lean_interact.utils import logger
except ImportError as error:
    raise NativeUnavailable(
        f"the native route needs an extra package ({error}): pip install 'lean-flywheel[native]'"
    ) from error

logger.setLevel(logging.ERROR)

__all__ = [
    "Command",
    "CommandResponse",
    "LeanREPLConfig",
    "LeanServer",
    "LocalProject",
    "Message",
    "ProofStep",
    "ProofStepResponse",
]
