"""A chain's CA, agencies and nodes made on the spot, and gateways on loopback that use them."""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import pytest
import uvloop
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from hansa.p2p import Gateway, GatewayConfig, GatewayLimits, NodeTls, node_tls_from_pem

START = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
FAR_END = datetime.datetime(2120, 1, 1, tzinfo=datetime.UTC)


@dataclass(frozen=True)
class Certificate:
    """A key and its certificate, in PEM."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @cached_property
    def key_pem(self) -> bytes:
        return self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )

    @cached_property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @cached_property
    def der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def node_id(self) -> bytes:
        numbers = self.key.public_key().public_numbers()
        return numbers.x.to_bytes(32, "big") + numbers.y.to_bytes(32, "big")


def issue(
    name: str,
    issuer: Certificate | None = None,
    *,
    is_ca: bool = False,
    curve: ec.EllipticCurve | None = None,
    end: datetime.datetime = FAR_END,
) -> Certificate:
    """A certificate signed by the issuer, or by itself."""
    key = ec.generate_private_key(curve or ec.SECP256K1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(START)
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=False)
        .sign(issuer.key if issuer else key, hashes.SHA256())
    )
    return Certificate(key, certificate)


@dataclass
class Chain:
    """CA and one agency, as the chain builder makes them."""

    ca: Certificate = field(default_factory=lambda: issue("chain", is_ca=True))

    @cached_property
    def agency(self) -> Certificate:
        return issue("agencyA", self.ca, is_ca=True)

    def node(self, name: str = "node0", **options: object) -> Certificate:
        return issue(name, self.agency, **options)

    def tls(self, node: Certificate) -> NodeTls:
        return node_tls_from_pem(self.ca.pem, node.pem + self.agency.pem, node.key_pem)

    def tls_of_nodes(self, count: int) -> list[NodeTls]:
        """Of this many nodes, in the order of their ids."""
        return sorted(
            (self.tls(self.node(f"node{i}")) for i in range(count)), key=lambda tls: tls.identity.node_id
        )


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Everything here that awaits runs on both event loops."""
    return {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


@pytest.fixture(scope="session")
def chain() -> Chain:
    return Chain()


@pytest.fixture(scope="session")
def other_chain() -> Chain:
    return Chain(issue("another chain", is_ca=True))


@pytest.fixture(scope="session")
def namesake_chain() -> Chain:
    """Another chain whose CA has the same name."""
    return Chain()


@pytest.fixture(scope="session")
def issue_certificate() -> Callable[..., Certificate]:
    return issue


@pytest.fixture(scope="session")
def gateway_on_loopback() -> Callable[..., Gateway]:
    """Makes a gateway that listens on any free port of 127.0.0.1."""

    def make(
        tls: NodeTls, *, limits: GatewayLimits | None = None, port: int = 0, **options: object
    ) -> Gateway:
        return Gateway(GatewayConfig("127.0.0.1", port, tls, limits=limits or GatewayLimits(), **options))

    return make


async def _until(condition: Callable[[], object], *, within_s: float = 5.0) -> None:
    async with asyncio.timeout(within_s):
        while not condition():
            await asyncio.sleep(0.01)


@pytest.fixture(scope="session")
def until() -> Callable[..., object]:
    """Waits until a condition holds; fails after some seconds."""
    return _until
