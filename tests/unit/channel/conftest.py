"""Certificate folders shaped like those of a chain (client protocol §6.1), made for one test run."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


@dataclass(frozen=True)
class Authority:
    """Something that issues certificates."""

    name: x509.Name
    key: Key
    pem: bytes


@dataclass(frozen=True)
class Chain:
    """The channel certificates of one chain."""

    conf: Path
    """A node's `conf` folder, holding both kinds."""
    sdk: Path
    stranger: Path
    """An SDK folder whose certificate another agency of the same chain issued."""
    foreign: Path
    """An SDK folder of another chain, which trusts our CA."""
    is_rsa: bool


@pytest.fixture(scope="session")
def rsa_chain(tmp_path_factory: pytest.TempPathFactory) -> Chain:
    """RSA 2048, X.509 version 1 without extensions, as the chain builder makes them."""
    folder = tmp_path_factory.mktemp("rsa")
    ca = _authority("chain", None, rsa.generate_private_key(65537, 2048), as_version_1=True)
    # A second agency of an RSA chain: its CA signs under another name with the chain's key and certificate.
    agency_key = rsa.generate_private_key(65537, 2048)
    agency = _authority("agency-b", ca, agency_key, as_version_1=False)
    other = _authority("chain", None, rsa.generate_private_key(65537, 2048), as_version_1=True)
    keys = [rsa.generate_private_key(65537, 2048) for _ in range(2)]
    conf = folder / "conf"
    _write(
        conf / "channel_cert", "node", ca.pem, [_leaf("FISCO-BCOS", ca, keys[0], as_version_1=True)], keys[0]
    )
    _write(folder / "sdk", "sdk", ca.pem, [_leaf("FISCO-BCOS", ca, keys[1], as_version_1=True)], keys[1])
    stranger = [_leaf("sdk", agency, keys[1], as_version_1=True), agency.pem]
    _write(folder / "stranger", "sdk", ca.pem, stranger, keys[1])
    _write(folder / "foreign", "sdk", ca.pem, [_leaf("sdk", other, keys[1], as_version_1=True)], keys[1])
    return Chain(conf, folder / "sdk", folder / "stranger", folder / "foreign", is_rsa=True)


@pytest.fixture(scope="session")
def ec_chain(tmp_path_factory: pytest.TempPathFactory) -> Chain:
    """secp256k1, chain → agency → leaf, leaves that say CA:FALSE."""
    folder = tmp_path_factory.mktemp("ec")

    def key() -> ec.EllipticCurvePrivateKey:
        return ec.generate_private_key(ec.SECP256K1())

    ca = _authority("chain", None, key(), as_version_1=False)
    agency, agency_b = (_authority(name, ca, key(), as_version_1=False) for name in ("agency", "agency-b"))
    other = _authority("chain", None, key(), as_version_1=False)
    folders = {"conf": ("node", agency), "sdk": ("sdk", agency), "stranger": ("sdk", agency_b)}
    for name, (file, issuer) in folders.items():
        leaf_key = key()
        pems = [_leaf(file, issuer, leaf_key, as_version_1=False), issuer.pem]
        _write(folder / name, file, ca.pem, pems, leaf_key)
    foreign_key = key()
    pems = [_leaf("sdk", other, foreign_key, as_version_1=False)]
    _write(folder / "foreign", "sdk", ca.pem, pems, foreign_key)
    return Chain(folder / "conf", folder / "sdk", folder / "stranger", folder / "foreign", is_rsa=False)


@pytest.fixture(scope="session")
def expired_sdk(ec_chain: Chain, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A conf folder and the folder of an SDK of the same chain whose certificate has expired."""
    folder = tmp_path_factory.mktemp("expired")
    key = ec.generate_private_key(ec.SECP256K1())
    ca = _authority("chain", None, key, as_version_1=False)
    leaf_key = ec.generate_private_key(ec.SECP256K1())
    _write(folder / "conf", "node", ca.pem, [_leaf("node", ca, leaf_key, as_version_1=False)], leaf_key)
    expired = _leaf("sdk", ca, leaf_key, as_version_1=False, days_left=-1)
    _write(folder / "sdk", "sdk", ca.pem, [expired], leaf_key)
    return folder / "conf", folder / "sdk"


def _authority(name: str, issuer: Authority | None, key: Key, *, as_version_1: bool) -> Authority:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    extensions = [] if as_version_1 else [x509.BasicConstraints(ca=True, path_length=None)]
    issuer_name, issuer_key = (issuer.name, issuer.key) if issuer else (subject, key)
    pem = _certificate(subject, key, issuer_name, issuer_key, extensions, as_version_1, days_left=30)
    return Authority(subject, key, pem)


def _leaf(name: str, issuer: Authority, key: Key, *, as_version_1: bool, days_left: int = 30) -> bytes:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    extensions = [] if as_version_1 else [x509.BasicConstraints(ca=False, path_length=None)]
    return _certificate(subject, key, issuer.name, issuer.key, extensions, as_version_1, days_left)


def _certificate(
    subject: x509.Name,
    key: Key,
    issuer: x509.Name,
    issuer_key: Key,
    extensions: list[x509.BasicConstraints],
    as_version_1: bool,
    days_left: int,
) -> bytes:
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=30))
        .not_valid_after(now + timedelta(days=days_left))
    )
    for extension in extensions:
        builder = builder.add_extension(extension, critical=True)
    certificate = builder.sign(issuer_key, hashes.SHA256())
    if not as_version_1:
        return certificate.public_bytes(Encoding.PEM)
    assert isinstance(issuer_key, rsa.RSAPrivateKey)
    return _as_version_1(certificate, issuer_key)


def _as_version_1(certificate: x509.Certificate, issuer_key: rsa.RSAPrivateKey) -> bytes:
    """Take the version field out of a certificate without extensions and sign it again."""
    body = certificate.tbs_certificate_bytes
    version = bytes.fromhex("a003020102")
    assert body[4:9] == version
    body = _der(0x30, body[9:])
    signature = issuer_key.sign(body, padding.PKCS1v15(), hashes.SHA256())
    sha256_with_rsa = bytes.fromhex("300d06092a864886f70d01010b0500")
    whole = _der(0x30, body + sha256_with_rsa + _der(0x03, b"\0" + signature))
    parsed = x509.load_der_x509_certificate(whole)
    assert parsed.version is x509.Version.v1
    return parsed.public_bytes(Encoding.PEM)


def _der(tag: int, content: bytes) -> bytes:
    length = len(content)
    if length < 128:
        return bytes((tag, length)) + content
    size = (length.bit_length() + 7) // 8
    return bytes((tag, 0x80 | size)) + length.to_bytes(size, "big") + content


def _write(folder: Path, name: str, ca: bytes, certificates: list[bytes], key: Key) -> None:
    folder.mkdir(parents=True)
    (folder / "ca.crt").write_bytes(ca)
    (folder / f"{name}.crt").write_bytes(b"".join(certificates))
    (folder / f"{name}.key").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
