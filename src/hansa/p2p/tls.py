"""TLS between nodes: contexts, who a peer is, whom we talk to, and why a handshake failed
(spec: node §3.1, client protocol §6, data model §2.4).

Rule 1: TLS 1.2, both ends show a certificate, key exchange on secp256k1 only. Any other version or curve
finds no partner on a chain of this kind.
Rule 2: a node sends its own and its agency's certificate; peers trust only the chain's CA.
Rule 3: a peer is the EC public key of its leaf certificate. Host names mean nothing.
Rule 4: the blacklist wins over the whitelist; an empty whitelist admits everybody of the chain.
"""

from __future__ import annotations

import os
import ssl
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from hansa.p2p.errors import PeerRefused, TlsMaterialError
from hansa.primitives import NodeId

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "AccessList",
    "NodeTls",
    "PeerIdentity",
    "explain_handshake_failure",
    "identify_peer",
    "load_node_tls",
    "node_tls_from_pem",
]

CURVE = "secp256k1"


@dataclass(frozen=True, slots=True)
class PeerIdentity:
    """Who a certificate says a node is."""

    node_id: NodeId
    agency: str
    """Common name of the issuer; empty if it has none."""
    name: str
    """Common name of the subject; empty if it has none."""


@dataclass(frozen=True, slots=True)
class NodeTls:
    """What a node needs to speak TLS in both roles, and who it is by its own certificate."""

    server: ssl.SSLContext = field(repr=False)
    client: ssl.SSLContext = field(repr=False)
    identity: PeerIdentity


@dataclass(frozen=True, slots=True)
class AccessList:
    """Whom we talk to, among those whose certificate is good."""

    whitelist: frozenset[NodeId] = frozenset()
    """Empty: everybody."""
    blacklist: frozenset[NodeId] = frozenset()

    def refusal(self, node_id: NodeId) -> str | None:
        """Why we do not talk to this node; None if we do."""
        if node_id in self.blacklist:
            return "is on the certificate blacklist"
        if self.whitelist and node_id not in self.whitelist:
            return "is not on the certificate whitelist"
        return None


# --- our own material --------------------------------------------------------------------------------------


def load_node_tls(ca_file: Path, certificate_file: Path, key_file: Path) -> NodeTls:
    """Read `ca.crt`, `node.crt` (node and agency certificate) and `node.key` of a node's `conf/`.

    Raises:
        TlsMaterialError: a file cannot be read, or as `node_tls_from_pem`.
    """
    pem: list[bytes] = []
    for path in (ca_file, certificate_file, key_file):
        try:
            pem.append(path.read_bytes())
        except OSError as error:
            raise TlsMaterialError(f"cannot read {path}: {error.strerror or error}") from error
    try:
        return node_tls_from_pem(*pem)
    except TlsMaterialError as error:
        raise TlsMaterialError(f"{certificate_file}, {key_file}, {ca_file}: {error}") from error


def node_tls_from_pem(ca: bytes, certificate_chain: bytes, key: bytes) -> NodeTls:
    """As `load_node_tls`, from memory: for a key that is kept encrypted on disk.

    Raises:
        TlsMaterialError: no PEM, a key that is not the certificate's, a key on another curve, or a chain that
            does not lead to the CA.
    """
    authorities = _certificates(ca, "the CA file")
    chain = _certificates(certificate_chain, "the node's certificate file")
    try:
        identity = _identity(chain[0])
    except PeerRefused as error:
        raise TlsMaterialError(f"the node's certificate: {error}") from error
    _check_chain(chain, authorities)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    for context in (server, client):
        # Host names first: the client context refuses a verify mode that contradicts them.
        context.check_hostname = False
        context.verify_mode = ssl.CERT_REQUIRED
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ecdh_curve(CURVE)
        # A resumed or renegotiated session would skip or change what was verified.
        context.options |= ssl.OP_NO_TICKET | ssl.OP_NO_RENEGOTIATION
        context.load_verify_locations(cadata=ca.decode("ascii", "ignore"))
        with _readable_path(certificate_chain) as certificate_path, _readable_path(key) as key_path:
            try:
                # Without the callback a key with a passphrase would ask for it on the terminal.
                context.load_cert_chain(certificate_path, key_path, password=lambda: b"")
            except ssl.SSLError as error:
                raise TlsMaterialError(_explain_key_error(error)) from error
    return NodeTls(server, client, identity)


def _certificates(pem: bytes, where: str) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(pem)
    except ValueError as error:
        raise TlsMaterialError(f"{where} holds no certificate in PEM form") from error


def _check_chain(chain: list[x509.Certificate], authorities: list[x509.Certificate]) -> None:
    """Each certificate is signed by the next, and the last one by the CA or is the CA."""
    for certificate, issuer in pairwise(chain):
        if not _is_issued_by(certificate, issuer):
            raise TlsMaterialError(
                f"the node's certificate file: {_subject(certificate)} is not signed by {_subject(issuer)}, "
                "which follows it; the order is node, agency"
            )
    last = chain[-1]
    if last in authorities or any(_is_issued_by(last, authority) for authority in authorities):
        return
    advice = (
        "append the agency's certificate (agency.crt)" if len(chain) == 1 else "use the ca.crt of this chain"
    )
    raise TlsMaterialError(
        f"the node's certificate file does not lead to the CA: nobody there signed {_subject(last)}; {advice}"
    )


def _is_issued_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _subject(certificate: x509.Certificate) -> str:
    return certificate.subject.rfc4514_string() or "a certificate without a name"


def _explain_key_error(error: ssl.SSLError) -> str:
    match error.reason:
        case "KEY_VALUES_MISMATCH":
            return "the node's key is not the key of its certificate"
        case _:
            return f"the node's key or certificate is not usable: {error.reason or error}"


@contextmanager
def _readable_path(content: bytes) -> Iterator[str]:
    """A path to read the content from. `ssl` takes certificates and keys only as files; this one never
    touches a disk and is gone when the block ends.
    """
    descriptor = os.memfd_create("tls", os.MFD_CLOEXEC)
    try:
        with os.fdopen(descriptor, "wb", closefd=False) as stream:
            stream.write(content)
        yield f"/proc/self/fd/{descriptor}"
    finally:
        os.close(descriptor)


# --- who a peer is -----------------------------------------------------------------------------------------


def identify_peer(certificate: bytes | None) -> PeerIdentity:
    """Read who a peer is from its leaf certificate in DER form, as TLS verified it.

    Raises:
        PeerRefused: none was shown, it cannot be read, or its key is not on secp256k1.
    """
    if not certificate:
        raise PeerRefused("showed no certificate")
    try:
        parsed = x509.load_der_x509_certificate(certificate)
    except ValueError as error:
        raise PeerRefused(f"showed a certificate that cannot be read: {error}") from error
    return _identity(parsed)


def _identity(certificate: x509.Certificate) -> PeerIdentity:
    try:
        key = certificate.public_key()
        agency = _common_name(certificate.issuer)
        name = _common_name(certificate.subject)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise PeerRefused(f"certificate with a key or a name that cannot be read: {error}") from error
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256K1):
        raise PeerRefused(f"certificate whose key is not on curve {CURVE}")
    numbers = key.public_numbers()
    return PeerIdentity(NodeId(numbers.x.to_bytes(32, "big") + numbers.y.to_bytes(32, "big")), agency, name)


def _common_name(name: x509.Name) -> str:
    for attribute in name.get_attributes_for_oid(NameOID.COMMON_NAME):
        if isinstance(attribute.value, str):
            return attribute.value
    return ""


# --- why a handshake failed -----------------------------------------------------------------------------

# What our side found wrong with the peer's certificate, by OpenSSL's verification result.
_VERIFICATION = {
    7: "its certificate was issued by another CA of the same name, so it belongs to another chain; "
    "compare ca.crt",
    9: "its certificate is not valid yet; compare the clocks",
    10: "its certificate has expired",
    18: "its certificate is self-signed",
    19: "its certificate chain ends in a CA that is not ours; compare ca.crt",
    20: "its certificate was issued by another CA, or the agency's certificate was not sent along; "
    "compare ca.crt and look whether its node.crt holds node and agency certificate",
    21: "its certificate was issued by another CA, or the agency's certificate was not sent along; "
    "compare ca.crt and look whether its node.crt holds node and agency certificate",
    23: "its certificate has been revoked",
    24: "its agency's certificate is not one of a CA",
    26: "its certificate is not meant for this use",
    79: "its agency's certificate is not one of a CA",
}

# What either side reports, by OpenSSL's reason. An alert is the verdict of the other end on us.
_REASONS = {
    "PEER_DID_NOT_RETURN_A_CERTIFICATE": "it showed no certificate",
    "NO_SHARED_CIPHER": f"no cipher in common: it does not offer curve {CURVE}, or no ECDSA cipher suite",
    "NO_SUITABLE_GROUPS": f"no curve in common, this chain uses {CURVE}",
    "NO_SUITABLE_KEY_SHARE": f"no curve in common, this chain uses {CURVE}",
    "WRONG_CURVE": f"it insists on a curve other than {CURVE}",
    "UNSUPPORTED_PROTOCOL": "it does not speak TLS 1.2",
    "TLSV1_ALERT_PROTOCOL_VERSION": "it does not accept TLS 1.2",
    "WRONG_VERSION_NUMBER": "it does not speak TLS, or speaks the SM variant: is this a P2P port?",
    "HTTP_REQUEST": "it sent an HTTP request, not TLS",
    "HTTPS_PROXY_REQUEST": "it sent an HTTP proxy request, not TLS",
    "UNKNOWN_PROTOCOL": "it does not speak TLS",
    "PACKET_LENGTH_TOO_LONG": "it does not speak TLS",
    "RECORD_LAYER_FAILURE": "it does not speak TLS",
    "BAD_RECORD_TYPE": "it does not speak TLS",
    "UNEXPECTED_MESSAGE": "it does not follow the TLS handshake",
    "TLSV1_ALERT_UNKNOWN_CA": "it does not trust our certificate: our chain has another CA, or our node.crt "
    "lacks the agency's certificate",
    "SSLV3_ALERT_BAD_CERTIFICATE": "it finds our certificate bad",
    "SSLV3_ALERT_CERTIFICATE_EXPIRED": "it finds our certificate expired; compare the clocks",
    "SSLV3_ALERT_CERTIFICATE_REVOKED": "it says that our certificate has been revoked",
    "SSLV3_ALERT_CERTIFICATE_UNKNOWN": "it does not accept our certificate",
    "SSLV3_ALERT_UNSUPPORTED_CERTIFICATE": "it does not accept certificates of our kind",
    "SSLV3_ALERT_HANDSHAKE_FAILURE": f"it refused the handshake: it does not offer curve {CURVE}, or got no "
    "certificate from us",
    "TLSV13_ALERT_CERTIFICATE_REQUIRED": "it got no certificate from us",
    "TLSV1_ALERT_DECRYPT_ERROR": "it finds a signature of ours wrong: our certificate belongs to "
    "another chain, whose CA has the same name",
    "TLSV1_ALERT_INTERNAL_ERROR": "it has an internal error",
}

_CLOSED = "it closed the connection during the handshake and did not say why; its log may"


def explain_handshake_failure(error: BaseException) -> str:
    """Why a connection did not come about, in words for the log. "It" is the peer.

    Takes whatever connecting, accepting or handshaking raised; an error without an entry here is told as it
    is.
    """
    match error:
        case ssl.SSLCertVerificationError():
            return _VERIFICATION.get(
                error.verify_code, f"its certificate is not valid: {error.verify_message}"
            )
        case ssl.SSLEOFError() | ssl.SSLZeroReturnError():
            return _CLOSED
        case ssl.SSLError():
            return _REASONS.get(error.reason or "", f"TLS failed: {error.reason or error}")
        case TimeoutError():
            return "it did not answer in time"
        case ConnectionRefusedError():
            return "nothing listens there"
        case ConnectionAbortedError() if "handshake" in str(error):
            return "it did not finish the handshake in time: is this a P2P port?"
        case ConnectionError():
            return _CLOSED
        case OSError():
            return error.strerror or str(error)
        case _:
            return str(error) or type(error).__name__
