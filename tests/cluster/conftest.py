"""Chains for the tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.harness import Cluster


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    """Four running nodes."""
    built = Cluster.build(tmp_path)
    try:
        built.start_all()
        yield built
    finally:
        built.close()


@pytest.fixture(scope="module")
def shared_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Four running nodes for all tests of a module, which leave them as they are."""
    built = Cluster.build(tmp_path_factory.mktemp("chain"))
    try:
        built.start_all()
        yield built
    finally:
        built.close()
