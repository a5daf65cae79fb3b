"""Keys and X.509 certificates of a chain (node §2.2, client protocol §6).

    chain CA ─ agency CA ─┬─ node     secp256k1: the network between nodes
                          └─ sdk      secp256k1: SDKs of a chain without RSA certificates
    channel CA ─┬─ node               RSA 2048, one CA per agency: what SDKs speak by default
                └─ sdk

Rule 1  A node id is the node's public key, so a node keeps its key when its certificate is renewed.
Rule 2  The secret of a secp256k1 key does not begin with a zero byte: some tools of the ecosystem drop it.
Rule 3  Authorities say that they are some, leaves that they are none: OpenSSL and Java insist. There are no
        host names inside: nobody in this ecosystem checks any.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeAlias

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

from hansa.chain.errors import ChainError
from hansa.primitives import NodeId

__all__ = [
    "Authority",
    "Identity",
    "PrivateKey",
    "Validity",
    "create_chain_authority",
    "create_channel_authority",
    "issue_agency",
    "issue_channel_leaf",
    "issue_node",
    "issue_sdk",
    "load_agency",
    "load_chain_authority",
    "load_channel_authority",
    "node_id_of",
]

PrivateKey: TypeAlias = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

_ORGANIZATION = "fisco-bcos"
_CLOCK_SKEW = timedelta(days=1)
_LAST_MOMENT = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)


def _usage(*, leaf: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=leaf,
        content_commitment=leaf,
        key_encipherment=leaf,  # static RSA key exchange, which old SDKs use
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=not leaf,
        crl_sign=not leaf,
        encipher_only=False,
        decipher_only=False,
    )


_LEAF_USAGE = _usage(leaf=True)
_AUTHORITY_USAGE = _usage(leaf=False)


@dataclass(frozen=True, slots=True)
class Validity:
    """When certificates hold."""

    not_before: datetime
    not_after: datetime

    @staticmethod
    def starting(now: datetime, days: int) -> Validity:
        """From a day before `now`, for hosts whose clocks differ, until `days` after it."""
        try:
            end = now + timedelta(days=days)
        except OverflowError:
            end = _LAST_MOMENT
        return Validity(now - _CLOCK_SKEW, end)

    def within(self, issuer: x509.Certificate) -> Validity:
        """Not longer than the issuer's own certificate holds."""
        return Validity(self.not_before, min(self.not_after, issuer.not_valid_after_utc))


@dataclass(frozen=True, slots=True)
class Authority:
    """Who signs certificates."""

    key: PrivateKey = field(repr=False)
    certificates: tuple[x509.Certificate, ...]
    """Its own, then those of its issuers, as they are sent behind what it signs."""
    trusted: x509.Certificate
    """The `ca.crt` of those who check what it signed."""

    def key_pem(self) -> bytes:
        """The key, unencrypted PKCS#8."""
        return _key_pem(self.key)

    def certificates_pem(self) -> bytes:
        """Its certificate, then its issuers'."""
        return _certificates_pem(self.certificates)

    def trusted_pem(self) -> bytes:
        """The `trusted` certificate."""
        return _certificates_pem((self.trusted,))


@dataclass(frozen=True, slots=True)
class Identity:
    """Who shows a certificate."""

    key: PrivateKey = field(repr=False)
    certificates: tuple[x509.Certificate, ...]
    """Its own, then those of its issuers as far as they are sent."""

    def key_pem(self) -> bytes:
        """The key, unencrypted PKCS#8."""
        return _key_pem(self.key)

    def certificates_pem(self) -> bytes:
        """All certificates, its own first."""
        return _certificates_pem(self.certificates)


def node_id_of(identity: Identity) -> NodeId:
    """The public key without the leading 04.

    Raises:
        TypeError: the identity has an RSA key.
    """
    if not isinstance(identity.key, ec.EllipticCurvePrivateKey):
        raise TypeError("an RSA key makes no node id")
    return NodeId(identity.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)[1:])


def create_chain_authority(validity: Validity) -> Authority:
    """The root of a new chain."""
    return _create_root(_generate_ec_key(), _name("chain", "chain"), validity)


def issue_agency(chain: Authority, name: str, validity: Validity) -> Authority:
    """An agency of the chain; it signs the nodes and SDKs of one organization."""
    key = _generate_ec_key()
    certificate = _issue(chain, _name(name, "agency"), key, validity, authority=True)
    return Authority(key, (certificate, *chain.certificates), chain.trusted)


def issue_node(agency: Authority, name: str, validity: Validity) -> Identity:
    """A node. It sends its agency's certificate too: its peers trust only the chain's."""
    key = _generate_ec_key()
    certificate = _issue(agency, _name(name, "node"), key, validity, authority=False)
    return Identity(key, (certificate, *agency.certificates))


def issue_sdk(agency: Authority, validity: Validity) -> Identity:
    """An SDK with a secp256k1 key."""
    key = _generate_ec_key()
    certificate = _issue(agency, _name("sdk", "sdk"), key, validity, authority=False)
    return Identity(key, (certificate, *agency.certificates))


def create_channel_authority(agency_name: str, validity: Validity) -> Authority:
    """An agency's RSA authority for the line between SDKs and nodes."""
    return _create_root(_generate_rsa_key(), _name(agency_name, "chain"), validity)


def issue_channel_leaf(authority: Authority, validity: Validity) -> Identity:
    """A node's or an SDK's RSA certificate; both bear the same name."""
    key = _generate_rsa_key()
    return Identity(key, (_issue(authority, _name("FISCO-BCOS", "agency"), key, validity, authority=False),))


def load_chain_authority(directory: Path) -> Authority:
    """Read an authority made elsewhere: `ca.key`, `ca.crt` and, if others trust one above it, `root.crt`.

    Raises:
        ChainError: a file is missing or does not fit.
    """
    root = directory / "root.crt"
    return _load(directory, "ca", trusted=root if root.exists() else directory / "ca.crt", curve=True)


def load_agency(directory: Path) -> Authority:
    """Read an agency of an existing chain: `agency.key`, `agency.crt` and `ca.crt`.

    Raises:
        ChainError: a file is missing or does not fit.
    """
    agency = _load(directory, "agency", trusted=directory / "ca.crt", curve=True)
    if len(agency.certificates) > 1:
        return agency
    # Other builders leave the chain's certificate out of agency.crt.
    return Authority(agency.key, (*agency.certificates, agency.trusted), agency.trusted)


def load_channel_authority(directory: Path) -> Authority:
    """Read an agency's RSA authority: `ca.key` and `ca.crt`.

    Raises:
        ChainError: a file is missing or does not fit.
    """
    return _load(directory, "ca", trusted=directory / "ca.crt", curve=False)


def _load(directory: Path, name: str, *, trusted: Path, curve: bool) -> Authority:
    key_path, certificate_path = directory / f"{name}.key", directory / f"{name}.crt"
    certificates = _read_certificates(certificate_path)
    try:
        key = load_pem_private_key(_read(key_path), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise ChainError(
            f"{key_path} is not an unencrypted private key", "Put the key there as PEM, without a password"
        ) from error
    is_right_kind = (
        isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, ec.SECP256K1)
        if curve
        else isinstance(key, rsa.RSAPrivateKey)
    )
    if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) or not is_right_kind:
        wanted = "a secp256k1" if curve else "an RSA"
        raise ChainError(f"{key_path} is not {wanted} key", "Name the folder of a chain built with this tool")
    if key.public_key() != certificates[0].public_key():
        raise ChainError(f"{key_path} does not belong to {certificate_path}", "Put the matching pair there")
    return Authority(key, certificates, _read_certificates(trusted)[0])


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ChainError(
            f"{path} cannot be read: {error.strerror}", "Name a folder that holds this file"
        ) from error


def _read_certificates(path: Path) -> tuple[x509.Certificate, ...]:
    try:
        return tuple(x509.load_pem_x509_certificates(_read(path)))
    except ValueError as error:
        raise ChainError(f"{path} is not a certificate", "Put the certificate there as PEM") from error


def _create_root(key: PrivateKey, name: x509.Name, validity: Validity) -> Authority:
    certificate = _sign(
        name,
        key.public_key(),
        issuer=name,
        issuer_key=key,
        issuer_key_id=x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()),
        validity=validity,
        authority=True,
    )
    return Authority(key, (certificate,), certificate)


def _issue(
    issuer: Authority, name: x509.Name, key: PrivateKey, validity: Validity, *, authority: bool
) -> x509.Certificate:
    own = issuer.certificates[0]
    return _sign(
        name,
        key.public_key(),
        issuer=own.subject,
        issuer_key=issuer.key,
        issuer_key_id=_key_id(issuer),
        validity=validity.within(own),
        authority=authority,
    )


def _sign(
    name: x509.Name,
    key: ec.EllipticCurvePublicKey | rsa.RSAPublicKey,
    *,
    issuer: x509.Name,
    issuer_key: PrivateKey,
    issuer_key_id: x509.AuthorityKeyIdentifier,
    validity: Validity,
    authority: bool,
) -> x509.Certificate:
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(validity.not_before)
        .not_valid_after(validity.not_after)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=authority)
        .add_extension(_AUTHORITY_USAGE if authority else _LEAF_USAGE, critical=authority)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(issuer_key_id, critical=False)
        .sign(issuer_key, hashes.SHA256())
    )


def _key_id(issuer: Authority) -> x509.AuthorityKeyIdentifier:
    """How a certificate points to its issuer: by the issuer's own name for its key, if it has one."""
    try:
        own = issuer.certificates[0].extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    except x509.ExtensionNotFound:
        return x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key())
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(own.value)


def _name(common_name: str, unit: str) -> x509.Name:
    # Upstream's order of the parts: software compares issuer names as text.
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, _ORGANIZATION),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, unit),
        ]
    )


def _generate_ec_key() -> ec.EllipticCurvePrivateKey:
    while True:
        key = ec.generate_private_key(ec.SECP256K1())
        if key.private_numbers().private_value >> 248:
            return key


def _generate_rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _key_pem(key: PrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _certificates_pem(certificates: Sequence[x509.Certificate]) -> bytes:
    return b"".join(certificate.public_bytes(Encoding.PEM) for certificate in certificates)
