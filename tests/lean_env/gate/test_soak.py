"""The small version of `make soak`."""

from __future__ import annotations

import pytest

from lean_env.embedded.installation import Installation
from tests.soak import soak


@pytest.mark.long
def test_thousands_of_checks_in_a_row_leave_nothing_behind(installation: Installation) -> None:
    found = soak(installation, 2_800)
    assert found.passed, found
    assert found.replaced >= 1, "a deciding worker outlived 2,000 requests"
