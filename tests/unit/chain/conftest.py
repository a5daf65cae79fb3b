"""A chain built once, for tests that only look at it."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from hansa.chain import BuiltChain, ChainPlan, build_chain, parse_hosts

NOW = datetime(2026, 3, 1, 12, 0, 0, 500_000, tzinfo=UTC)


@pytest.fixture(scope="session")
def chain(tmp_path_factory: pytest.TempPathFactory) -> BuiltChain:
    """Two nodes on loopback with everything at its default."""
    output = tmp_path_factory.mktemp("chain") / "nodes"
    return build_chain(ChainPlan(parse_hosts("127.0.0.1:2"), output), now=NOW)


@pytest.fixture(scope="session")
def elliptic_chain(tmp_path_factory: pytest.TempPathFactory) -> BuiltChain:
    """One node whose SDKs use secp256k1 certificates."""
    output = tmp_path_factory.mktemp("elliptic") / "nodes"
    return build_chain(ChainPlan(parse_hosts("127.0.0.1:1"), output, rsa_channel=False))


def path_names(directory: Path) -> set[str]:
    """Every file below a folder, by its path from there."""
    return {path.relative_to(directory).as_posix() for path in directory.rglob("*") if path.is_file()}
