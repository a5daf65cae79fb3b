"""Chains to break: each test gets a copy of its own."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hansa.chain import ChainPlan, build_chain, parse_hosts
from hansa.doctor.findings import Finding

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
DAYS = 20_000
"""OpenSSL goes by the real clock, which must not come near the end."""
END = NOW + timedelta(days=DAYS)


@dataclass(frozen=True)
class Folders:
    """One host of a chain of two nodes."""

    host: Path

    @property
    def node(self) -> Path:
        return self.host / "node0"

    @property
    def conf(self) -> Path:
        return self.node / "conf"

    @property
    def sdk(self) -> Path:
        return self.host / "sdk"

    def change(self, name: str, old: str, new: str) -> None:
        """Replace in a text file of node0; what is replaced must be there."""
        path = self.node / name
        text = path.read_text("utf-8")
        assert old in text
        path.write_text(text.replace(old, new), "utf-8")


@pytest.fixture(scope="session")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("original") / "nodes"
    plan = ChainPlan(parse_hosts("127.0.0.1:2"), output, certificate_days=DAYS)
    build_chain(plan, now=NOW)
    return output / "127.0.0.1"


@pytest.fixture(scope="session")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Folders:
    """Another chain, whose authorities have the same names."""
    output = tmp_path_factory.mktemp("stranger") / "nodes"
    build_chain(ChainPlan(parse_hosts("127.0.0.1:1"), output, certificate_days=DAYS), now=NOW)
    return Folders(output / "127.0.0.1")


@pytest.fixture(scope="session")
def elliptic(tmp_path_factory: pytest.TempPathFactory) -> Folders:
    """A chain whose SDKs have secp256k1 certificates."""
    output = tmp_path_factory.mktemp("elliptic") / "nodes"
    build_chain(
        ChainPlan(parse_hosts("127.0.0.1:1"), output, certificate_days=DAYS, rsa_channel=False), now=NOW
    )
    return Folders(output / "127.0.0.1")


@pytest.fixture
def chain(original: Path, tmp_path: Path) -> Folders:
    """A sound chain that a test may break."""
    return Folders(Path(shutil.copytree(original, tmp_path / "host")))


def only(findings: list[Finding]) -> Finding:
    """The one finding there must be."""
    assert len(findings) == 1, [str(finding) for finding in findings]
    return findings[0]
