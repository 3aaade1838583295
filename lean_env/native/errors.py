"""Why the native route cannot be taken."""

from __future__ import annotations


class NativeUnavailable(Exception):
    """Something is missing or unsafe; the text says what, and what the user can do."""
