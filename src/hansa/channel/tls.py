"""Certificates and TLS contexts of the channel (client protocol §6).

Rule 1: TLS 1.2 and nothing else; both sides show a certificate of the chain's CA; names are not compared,
        because the certificates of a chain carry none.
Rule 2: suites with static RSA stay on: with RSA certificates they serve clients that share no curve with us.
Rule 3: with `check_issuer` the client's certificate has the issuer of the node's own: one agency. Upstream
        asks this only of certificates that say CA:FALSE and so lets every RSA certificate of the chain pass;
        here it is asked of all. The chain builder issues both from one CA, so its SDKs pass.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from hansa.channel.allow_list import allow_list_key
from hansa.channel.errors import CertificateFilesError, HandshakeFailed, PeerRefused
from hansa.channel.tls_pipe import TlsPipe

__all__ = [
    "CertificateFiles",
    "PeerIdentity",
    "ServerTls",
    "client_context",
    "load_server_tls",
    "node_certificate_files",
    "sdk_certificate_files",
]

# Level 1, not 2: older SDKs sign their handshake with SHA-1. SHA-1 as record protection is not needed by any.
_CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20:ECDHE+AES:kRSA+AESGCM:kRSA+AES:!aNULL:!eNULL:!PSK:!SHA1:@SECLEVEL=1"

_COMMON_CURVE = "secp256k1"
_OTHER_CURVES = ("X25519", "prime256v1", "secp384r1")


@dataclass(frozen=True, slots=True)
class CertificateFiles:
    """Three PEM files."""

    ca: Path
    certificate: Path
    """The leaf first; the certificates between it and the CA may follow."""
    key: Path


def node_certificate_files(conf: Path, *, rsa: bool) -> CertificateFiles:
    """A node's channel files in its `conf` folder: `channel_cert/` for RSA, else those of the node itself."""
    folder = conf / "channel_cert" if rsa else conf
    return CertificateFiles(folder / "ca.crt", folder / "node.crt", folder / "node.key")


def sdk_certificate_files(folder: Path) -> CertificateFiles:
    """The files of an `sdk` folder."""
    return CertificateFiles(folder / "ca.crt", folder / "sdk.crt", folder / "sdk.key")


@dataclass(frozen=True, slots=True)
class PeerIdentity:
    """What a client's certificate says."""

    subject: str
    public_key: str
    """As an allow-list names it (`allow_list.py`)."""


@dataclass(frozen=True, slots=True)
class ServerTls:
    """A node's side of every channel handshake."""

    context: ssl.SSLContext
    issuer: x509.Name
    check_issuer: bool
    missing_curves: tuple[str, ...]
    """Curves this process cannot serve, for the log; empty when `install_openssl_config` came first."""

    def open_pipe(self) -> TlsPipe:
        """The server's end of a new connection."""
        return TlsPipe(self.context, server_side=True)

    def admit(self, certificate: bytes) -> PeerIdentity:
        """Judge the client's certificate, which the handshake has verified against the CA.

        Raises:
            PeerRefused: it cannot be read, or another agency issued it.
        """
        try:
            parsed = x509.load_der_x509_certificate(certificate)
            subject, issuer = parsed.subject, parsed.issuer
            public_key = allow_list_key(parsed)
        except (ValueError, UnsupportedAlgorithm) as error:
            raise PeerRefused(f"its certificate cannot be read: {error}") from error
        if self.check_issuer and issuer != self.issuer:
            raise PeerRefused(
                f"its certificate was issued by {issuer.rfc4514_string()!r}, this node's by "
                f"{self.issuer.rfc4514_string()!r}: another agency, and check_cert_issuer is on"
            )
        return PeerIdentity(subject.rfc4514_string(), public_key)


def load_server_tls(files: CertificateFiles, *, check_issuer: bool = True) -> ServerTls:
    """A node's TLS from its files.

    Raises:
        CertificateFilesError: a file is missing, unreadable, or key and certificate do not belong together.
    """
    leaf = _leaf(files.certificate)
    context = _context(ssl.PROTOCOL_TLS_SERVER, files)
    context.options |= ssl.OP_CIPHER_SERVER_PREFERENCE | ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_TICKET
    if not _serves_curve(context, _COMMON_CURVE):
        context.set_ecdh_curve(_COMMON_CURVE)
    # A client that does not know the curve of an elliptic-curve certificate has no use for other curves.
    others = _OTHER_CURVES if isinstance(leaf.public_key(), RSAPublicKey) else ()
    missing = tuple(curve for curve in others if not _serves_curve(context, curve))
    return ServerTls(context, leaf.issuer, check_issuer, missing)


def client_context(files: CertificateFiles) -> ssl.SSLContext:
    """An SDK's TLS from its files. Offers secp256k1 alone, which every node of either kind accepts.

    Raises:
        CertificateFilesError: as in `load_server_tls`.
    """
    context = _context(ssl.PROTOCOL_TLS_CLIENT, files)
    context.set_ecdh_curve(_COMMON_CURVE)
    return context


def _context(protocol: int, files: CertificateFiles) -> ssl.SSLContext:
    context = ssl.SSLContext(protocol)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_REQUIRED
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(_CIPHERS)
    for path in (files.ca, files.certificate, files.key):
        _check_readable(path)
    try:
        context.load_verify_locations(cafile=files.ca)
    except ssl.SSLError as error:
        raise CertificateFilesError(files.ca, f"holds no certificate: {error.reason or error}") from error
    try:
        # An encrypted key must fail, not ask on the terminal.
        context.load_cert_chain(files.certificate, files.key, password=b"")
    except ssl.SSLError as error:
        raise CertificateFilesError(files.key, _explain_key(error, files.certificate)) from error
    return context


def _check_readable(path: Path) -> None:
    try:
        path.open("rb").close()
    except OSError as error:
        raise CertificateFilesError(path, error.strerror or str(error)) from error


def _explain_key(error: ssl.SSLError, certificate: Path) -> str:
    if error.reason == "KEY_VALUES_MISMATCH":
        return f"the key does not belong to {certificate}"
    return f"key and {certificate} cannot be loaded: {error.reason or error}"


def _leaf(path: Path) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(path.read_bytes())
    except OSError as error:
        raise CertificateFilesError(path, error.strerror or str(error)) from error
    except ValueError as error:
        raise CertificateFilesError(path, f"holds no certificate: {error}") from error


def _serves_curve(context: ssl.SSLContext, curve: str) -> bool:
    """Whether a client that offers this curve, and ECDHE only, gets an answer to its hello.

    Found out by trying, because `ssl` cannot tell which curves a context serves.
    """
    probe = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    probe.check_hostname = False
    probe.verify_mode = ssl.CERT_NONE
    probe.maximum_version = ssl.TLSVersion.TLSv1_2
    probe.set_ciphers("ECDHE:@SECLEVEL=1")
    probe.set_ecdh_curve(curve)
    client, server = TlsPipe(probe, server_side=False), TlsPipe(context, server_side=True)
    client.start()
    try:
        server.receive(client.take())
    except HandshakeFailed:
        return False
    return True
