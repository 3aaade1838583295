"""What the tests of policies share."""

import pytest


@pytest.fixture
def one_thread():
    """torch in one thread: on a busy machine several wait for each other."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
