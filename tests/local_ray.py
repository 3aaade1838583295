"""A real Ray cluster on loopback, for tests: nodes are processes of this machine with one core each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from ray.cluster_utils import Cluster as LocalRay

from lean_env import paths

#: Ray takes 127.0.0.1 for a wish to be reached from elsewhere, and puts the machine's own address in its place.
LOOPBACK = "127.0.0.2"
#: Of memory for objects, which rounds hardly use.
_SMALL = {"num_cpus": 1, "object_store_memory": 100 * 1024**2, "include_dashboard": False}


@pytest.fixture(scope="module")
def ray_head() -> Iterator[LocalRay]:
    """A cluster of one node, on loopback."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setenv("RAY_raylet_start_wait_time_s", "120")  # what some versions of Ray go by
        patch.setenv("PYTHONPATH", paths.python_path())  # nodes import what this process does
        cluster = _started()
        yield cluster
        cluster.shutdown()


def _started(tries: int = 4) -> LocalRay:
    """Ray gives a node half a minute to start, which on a busy machine is too short."""
    cluster = LocalRay()
    for left in reversed(range(tries)):
        try:
            cluster.add_node(node_ip_address=LOOPBACK, **_SMALL)
            return cluster
        except Exception:
            cluster.shutdown()
            cluster = LocalRay()
            if not left:
                raise
    raise AssertionError


@pytest.fixture
def second_node(ray_head: LocalRay) -> Iterator[Callable[..., Any]]:
    """What adds a node, which is gone after the test."""
    added: list[Any] = []

    def add(**more: Any) -> Any:
        added.append(ray_head.add_node(wait=False, node_ip_address=LOOPBACK, **_SMALL, **more))
        return added[-1]

    yield add
    for node in added:
        if node in ray_head.list_all_nodes():
            ray_head.remove_node(node)
