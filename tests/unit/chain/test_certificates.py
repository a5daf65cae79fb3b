"""Certificates: shape, names, and that OpenSSL accepts them where the chain needs it to."""

import ssl
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_der_private_key

from hansa.chain import BuiltChain
from hansa.chain.certificates import Validity, create_chain_authority, issue_agency, issue_node, node_id_of

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def certificates(path: Path) -> list[x509.Certificate]:
    return x509.load_pem_x509_certificates(path.read_bytes())


def names(path: Path) -> list[str]:
    return [certificate.subject.rfc4514_string() for certificate in certificates(path)]


def test_names_and_order_of_a_node(chain: BuiltChain) -> None:
    assert names(chain.nodes[1].directory / "conf/node.crt") == [
        "OU=node,O=fisco-bcos,CN=node1",
        "OU=agency,O=fisco-bcos,CN=agency",
        "OU=chain,O=fisco-bcos,CN=chain",
    ]
    assert names(chain.nodes[1].directory / "conf/ca.crt") == ["OU=chain,O=fisco-bcos,CN=chain"]


def test_names_of_the_channel_certificates(chain: BuiltChain) -> None:
    for folder, name in (
        (chain.nodes[0].directory / "conf/channel_cert", "node"),
        (chain.sdk_directories[0], "sdk"),
    ):
        (leaf,) = certificates(folder / f"{name}.crt")
        assert leaf.subject.rfc4514_string() == "OU=agency,O=fisco-bcos,CN=FISCO-BCOS"
        assert leaf.issuer.rfc4514_string() == "OU=chain,O=fisco-bcos,CN=agency"
        assert isinstance(leaf.public_key(), rsa.RSAPublicKey)
        assert leaf.public_key().key_size == 2048


def test_names_of_an_elliptic_sdk(elliptic_chain: BuiltChain) -> None:
    leaf, agency, _ = certificates(elliptic_chain.sdk_directories[0] / "sdk.crt")
    assert leaf.subject.rfc4514_string() == "OU=sdk,O=fisco-bcos,CN=sdk"
    assert leaf.issuer == agency.subject


def test_the_node_key_file_has_the_form_of_the_ecosystem(chain: BuiltChain) -> None:
    node = chain.nodes[0]
    pem = (node.directory / "conf/node.key").read_text()
    assert pem.startswith("-----BEGIN PRIVATE KEY-----\n")
    der = ssl.PEM_cert_to_DER_cert(pem.replace("PRIVATE KEY", "CERTIFICATE"))
    assert len(der) == 135
    key = load_der_private_key(der, password=None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    assert der[-64:] == node.node_id
    assert key.private_numbers().private_value >> 248 != 0


def test_the_node_id_is_the_key_of_the_certificate(chain: BuiltChain) -> None:
    for node in chain.nodes:
        numbers = certificates(node.directory / "conf/node.crt")[0].public_key().public_numbers()
        assert numbers.x.to_bytes(32) + numbers.y.to_bytes(32) == node.node_id


def test_validity_allows_for_clocks_that_differ_and_never_outlives_the_issuer() -> None:
    authority = create_chain_authority(Validity.starting(NOW, 10))
    agency = issue_agency(authority, "agency", Validity.starting(NOW, 20))
    (root,) = authority.certificates
    assert root.not_valid_before_utc == NOW - timedelta(days=1)
    assert root.not_valid_after_utc == agency.certificates[0].not_valid_after_utc == NOW + timedelta(days=10)


def test_a_very_long_validity_ends_with_the_calendar() -> None:
    assert Validity.starting(NOW, 10**9).not_after.year == 9999


def test_keys_do_not_show_themselves() -> None:
    authority = create_chain_authority(Validity.starting(NOW, 1))
    node = issue_node(
        issue_agency(authority, "agency", Validity.starting(NOW, 1)), "node0", Validity.starting(NOW, 1)
    )
    assert "key" not in repr(authority)
    assert "key" not in repr(node)
    assert len(node_id_of(node)) == 64


def verify(ca: Path, leaf: Path, *options: str) -> None:
    command = ["openssl", "verify", *options, "-CAfile", ca, "-untrusted", leaf, leaf]
    result = subprocess.run(command, capture_output=True, text=True, timeout=20)
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("purpose", ["sslserver", "sslclient"])
def test_openssl_accepts_every_chain_even_strictly(
    chain: BuiltChain, elliptic_chain: BuiltChain, purpose: str
) -> None:
    for folder, name in (
        (chain.nodes[0].directory / "conf", "node"),
        (chain.nodes[0].directory / "conf/channel_cert", "node"),
        (chain.sdk_directories[0], "sdk"),
        (elliptic_chain.sdk_directories[0], "sdk"),
    ):
        verify(folder / "ca.crt", folder / f"{name}.crt", "-purpose", purpose, "-x509_strict")


def context(folder: Path, name: str, protocol: int, curve: str | None) -> ssl.SSLContext:
    made = ssl.SSLContext(protocol)
    made.check_hostname = False
    made.verify_mode = ssl.CERT_REQUIRED
    made.maximum_version = ssl.TLSVersion.TLSv1_2
    made.load_verify_locations(folder / "ca.crt")
    made.load_cert_chain(folder / f"{name}.crt", folder / f"{name}.key")
    if curve is not None:
        made.set_ecdh_curve(curve)
    return made


def shake_hands(server: ssl.SSLContext, client: ssl.SSLContext) -> ssl.SSLObject:
    """Join two ends with no network between; the server's end."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [
        client.wrap_bio(to_client, to_server, server_side=False),
        server.wrap_bio(to_server, to_client, server_side=True),
    ]
    finished: set[int] = set()
    for _ in range(10):
        for index, end in enumerate(ends):
            try:
                end.do_handshake()
                finished.add(index)
            except ssl.SSLWantReadError:
                pass
        if len(finished) == 2:
            return ends[1]
    raise AssertionError("the handshake does not end")


def test_nodes_of_a_chain_accept_each_other(chain: BuiltChain) -> None:
    one, two = (node.directory / "conf" for node in chain.nodes)
    end = shake_hands(
        context(one, "node", ssl.PROTOCOL_TLS_SERVER, "secp256k1"),
        context(two, "node", ssl.PROTOCOL_TLS_CLIENT, "secp256k1"),
    )
    shown = x509.load_der_x509_certificate(end.getpeercert(binary_form=True) or b"")
    assert shown.subject.rfc4514_string().endswith("CN=node1")


def test_nodes_of_different_chains_do_not(chain: BuiltChain, elliptic_chain: BuiltChain) -> None:
    with pytest.raises(ssl.SSLError):
        shake_hands(
            context(chain.nodes[0].directory / "conf", "node", ssl.PROTOCOL_TLS_SERVER, "secp256k1"),
            context(elliptic_chain.nodes[0].directory / "conf", "node", ssl.PROTOCOL_TLS_CLIENT, "secp256k1"),
        )


@pytest.mark.parametrize("cipher", ["ECDHE-RSA-AES256-GCM-SHA384", "AES256-GCM-SHA384"])
def test_an_sdk_and_a_node_accept_each_other_with_rsa(chain: BuiltChain, cipher: str) -> None:
    """The second suite has no key agreement: the key itself must be allowed to decipher."""
    server = context(chain.nodes[0].directory / "conf/channel_cert", "node", ssl.PROTOCOL_TLS_SERVER, None)
    client = context(chain.sdk_directories[0], "sdk", ssl.PROTOCOL_TLS_CLIENT, None)
    server.set_ciphers(cipher)
    client.set_ciphers(cipher)
    used = shake_hands(server, client).cipher()
    assert used is not None
    assert used[0] == cipher


def test_an_sdk_and_a_node_accept_each_other_with_elliptic_keys(elliptic_chain: BuiltChain) -> None:
    shake_hands(
        context(elliptic_chain.nodes[0].directory / "conf", "node", ssl.PROTOCOL_TLS_SERVER, "secp256k1"),
        context(elliptic_chain.sdk_directories[0], "sdk", ssl.PROTOCOL_TLS_CLIENT, "secp256k1"),
    )
