"""Who a peer is, what of our own files is usable, and failed handshakes in words (node §3.1)."""

from __future__ import annotations

import datetime
import socket
import ssl
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from hansa.p2p.errors import PeerRefused, TlsMaterialError
from hansa.p2p.tls import (
    AccessList,
    explain_handshake_failure,
    identify_peer,
    load_node_tls,
    node_tls_from_pem,
)
from hansa.primitives import NodeId


class Handshake:
    """A TLS handshake in memory; what each end raised, if anything."""

    def __init__(self, server: ssl.SSLContext, client: ssl.SSLContext) -> None:
        to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.server = server.wrap_bio(to_server, to_client, server_side=True)
        self.client = client.wrap_bio(to_client, to_server)
        self.server_error: ssl.SSLError | None = None
        self.client_error: ssl.SSLError | None = None
        for _ in range(6):
            self.client_error = self.client_error or self._step(self.client)
            self.server_error = self.server_error or self._step(self.server)

    @staticmethod
    def _step(end: ssl.SSLObject) -> ssl.SSLError | None:
        try:
            end.do_handshake()
        except ssl.SSLWantReadError:
            return None
        except ssl.SSLError as error:
            return error
        return None

    def explained(self) -> tuple[str, str]:
        """What the server's and the client's log would say."""
        assert self.server_error is not None
        assert self.client_error is not None
        return explain_handshake_failure(self.server_error), explain_handshake_failure(self.client_error)


def client_context(chain: Any, tmp_path: Path, *pem: bytes, key: bytes = b"") -> ssl.SSLContext:
    """A client that trusts the chain but makes some mistake of its own."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ecdh_curve("secp256k1")
    context.load_verify_locations(cadata=chain.ca.pem.decode())
    if pem:
        file = tmp_path / "client.pem"
        file.write_bytes(b"".join(pem) + key)
        context.load_cert_chain(file)
    return context


# --- handshakes -----------------------------------------------------------------------------------------


def test_two_nodes_of_a_chain_learn_who_the_other_is(chain: Any) -> None:
    one, two = chain.node("node0"), chain.node("node1")
    shake = Handshake(chain.tls(one).server, chain.tls(two).client)
    assert shake.server_error is shake.client_error is None
    assert shake.client.version() == "TLSv1.2"
    seen_by_server = identify_peer(shake.server.getpeercert(binary_form=True))
    assert (seen_by_server.node_id, seen_by_server.agency, seen_by_server.name) == (
        two.node_id,
        "agencyA",
        "node1",
    )
    assert identify_peer(shake.client.getpeercert(binary_form=True)) == chain.tls(one).identity


def test_a_node_of_another_chain(chain: Any, other_chain: Any) -> None:
    shake = Handshake(chain.tls(chain.node()).server, other_chain.tls(other_chain.node()).client)
    at_server, at_client = shake.explained()
    assert "issued by another CA" in at_client
    assert "does not trust our certificate" in at_server


def test_a_client_of_another_chain_that_trusts_us(chain: Any, other_chain: Any, tmp_path: Path) -> None:
    node = other_chain.node()
    client = client_context(chain, tmp_path, node.pem, other_chain.agency.pem, key=node.key_pem)
    at_server, at_client = Handshake(chain.tls(chain.node()).server, client).explained()
    assert "issued by another CA" in at_server
    assert "does not trust our certificate" in at_client


def test_a_chain_whose_ca_has_the_same_name(chain: Any, namesake_chain: Any) -> None:
    """The usual case: chain builders give every CA the same name."""
    shake = Handshake(chain.tls(chain.node()).server, namesake_chain.tls(namesake_chain.node()).client)
    at_server, at_client = shake.explained()
    assert "another CA of the same name" in at_client
    assert "belongs to another chain" in at_server


def test_a_client_that_forgot_the_agency_certificate(chain: Any, tmp_path: Path) -> None:
    node = chain.node()
    client = client_context(chain, tmp_path, node.pem, key=node.key_pem)
    at_server, at_client = Handshake(chain.tls(chain.node()).server, client).explained()
    assert "agency's certificate was not sent along" in at_server
    assert "lacks the agency's certificate" in at_client


def test_an_expired_certificate(chain: Any, tmp_path: Path) -> None:
    node = chain.node(end=datetime.datetime(2021, 1, 1, tzinfo=datetime.UTC))
    at_server, at_client = Handshake(chain.tls(chain.node()).server, chain.tls(node).client).explained()
    assert at_server == "its certificate has expired"
    assert "our certificate expired" in at_client


def test_a_self_signed_certificate(chain: Any, tmp_path: Path, issue_certificate: Any) -> None:
    node = issue_certificate("node9")
    client = client_context(chain, tmp_path, node.pem, key=node.key_pem)
    at_server, _ = Handshake(chain.tls(chain.node()).server, client).explained()
    assert "self-signed" in at_server


def test_no_certificate(chain: Any, tmp_path: Path) -> None:
    at_server, at_client = Handshake(
        chain.tls(chain.node()).server, client_context(chain, tmp_path)
    ).explained()
    assert at_server == "it showed no certificate"
    assert "got no certificate from us" in at_client


def test_another_curve(chain: Any, tmp_path: Path) -> None:
    node = chain.node()
    client = client_context(chain, tmp_path, node.pem, chain.agency.pem, key=node.key_pem)
    client.set_ecdh_curve("prime256v1")
    at_server, at_client = Handshake(chain.tls(chain.node()).server, client).explained()
    assert "secp256k1" in at_server
    assert "secp256k1" in at_client


def test_another_tls_version(chain: Any, tmp_path: Path) -> None:
    client = client_context(chain, tmp_path)
    client.maximum_version = ssl.TLSVersion.TLSv1_3
    client.minimum_version = ssl.TLSVersion.TLSv1_3
    client.set_ecdh_curve("prime256v1")
    at_server, at_client = Handshake(chain.tls(chain.node()).server, client).explained()
    assert at_server == "it does not speak TLS 1.2"
    assert at_client == "it does not accept TLS 1.2"


@pytest.mark.parametrize(
    ("sent", "cause"),
    [
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP request"),
        (b"\x00" * 60, "not speak TLS"),
        (b"\xff" * 60, "not speak TLS"),
    ],
)
def test_a_caller_that_does_not_speak_tls(chain: Any, sent: bytes, cause: str) -> None:
    incoming = ssl.MemoryBIO()
    server = chain.tls(chain.node()).server.wrap_bio(incoming, ssl.MemoryBIO(), server_side=True)
    incoming.write(sent)
    with pytest.raises(ssl.SSLError) as raised:
        server.do_handshake()
    assert cause in explain_handshake_failure(raised.value)


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (TimeoutError(), "did not answer in time"),
        (ConnectionRefusedError(111, "Connection refused"), "nothing listens there"),
        (ConnectionResetError(104, "reset"), "closed the connection during the handshake"),
        (
            ConnectionAbortedError("SSL handshake is taking longer than 10 seconds"),
            "did not finish the handshake",
        ),
        (socket.gaierror(-2, "Name or service not known"), "Name or service not known"),
        (OSError(113, "No route to host"), "No route to host"),
        (UnicodeError("label too long"), "label too long"),
        (RuntimeError(), "RuntimeError"),
    ],
)
def test_failures_around_the_handshake(error: Exception, cause: str) -> None:
    assert cause in explain_handshake_failure(error)


# --- peers' certificates --------------------------------------------------------------------------------


def test_a_certificate_whose_key_is_no_node_id_is_refused(chain: Any) -> None:
    for bad in (None, b"", b"\x30\x00", b"noise"):
        with pytest.raises(PeerRefused):
            identify_peer(bad)
    other_curve = chain.node(curve=ec.SECP256R1())
    with pytest.raises(PeerRefused, match="not on curve secp256k1"):
        identify_peer(other_curve.der)


def test_an_rsa_certificate_is_refused() -> None:
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "FISCO-BCOS")])
    start = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, start, start.replace(year=2100))
        .sign(key, hashes.SHA256())
        .public_bytes(serialization.Encoding.DER)
    )
    with pytest.raises(PeerRefused, match="not on curve secp256k1"):
        identify_peer(certificate)


def test_the_blacklist_wins_and_an_empty_whitelist_admits_everybody() -> None:
    one, two = NodeId(b"\x01" * 64), NodeId(b"\x02" * 64)
    assert AccessList().refusal(one) is None
    assert AccessList(whitelist=frozenset([one])).refusal(one) is None
    assert "not on the certificate whitelist" in str(AccessList(whitelist=frozenset([one])).refusal(two))
    both = AccessList(whitelist=frozenset([one]), blacklist=frozenset([one]))
    assert "blacklist" in str(both.refusal(one))


# --- our own files --------------------------------------------------------------------------------------


def test_files_are_read_and_contexts_say_who_we_are(chain: Any, tmp_path: Path) -> None:
    node = chain.node("node7")
    contents = {
        "ca.crt": chain.ca.pem,
        "node.crt": node.pem + chain.agency.pem + chain.ca.pem,
        "node.key": node.key_pem,
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    tls = load_node_tls(tmp_path / "ca.crt", tmp_path / "node.crt", tmp_path / "node.key")
    assert (tls.identity.node_id, tls.identity.name) == (node.node_id, "node7")
    (tmp_path / "node.key").unlink()
    with pytest.raises(TlsMaterialError, match=r"cannot read .*node\.key"):
        load_node_tls(tmp_path / "ca.crt", tmp_path / "node.crt", tmp_path / "node.key")


def test_material_that_cannot_work_is_refused_with_the_remedy(chain: Any, other_chain: Any) -> None:
    node, another = chain.node(), chain.node()
    full = node.pem + chain.agency.pem
    for ca, certificates, key, reason in (
        (b"", full, node.key_pem, "the CA file holds no certificate"),
        (chain.ca.pem, b"nothing", node.key_pem, "certificate file holds no certificate"),
        (chain.ca.pem, node.pem, node.key_pem, "append the agency's certificate"),
        (other_chain.ca.pem, full, node.key_pem, r"use the ca\.crt of this chain"),
        (chain.ca.pem, node.pem + other_chain.agency.pem, node.key_pem, "is not signed by"),
        (chain.ca.pem, full, another.key_pem, "not the key of its certificate"),
        (chain.ca.pem, full, b"nothing", "not usable"),
    ):
        with pytest.raises(TlsMaterialError, match=reason):
            node_tls_from_pem(ca, certificates, key)


def test_a_key_with_a_passphrase_is_refused_without_asking(chain: Any) -> None:
    node = chain.node()
    locked = node.key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"secret"),
    )
    with pytest.raises(TlsMaterialError, match="not usable"):
        node_tls_from_pem(chain.ca.pem, node.pem + chain.agency.pem, locked)


def test_a_key_is_never_shown(chain: Any) -> None:
    assert "Context" not in repr(chain.tls(chain.node()))
