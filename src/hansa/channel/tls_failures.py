"""A failed TLS handshake, in words that say what to change.

Most questions of operators are about certificates: this module turns OpenSSL's reasons into causes.
"""

from __future__ import annotations

import ssl

from hansa.channel.client_hello import ClientHello

__all__ = ["explain_handshake_failure"]

_SECP256K1 = 0x0016
_SM2_SUITES = frozenset({0xE011, 0xE013, 0xE051, 0xE053})
_TLS_1_2 = 0x0303
_TLCP = 0x0101

# X509_V_ERR_* numbers: part of OpenSSL's stable interface.
_VERIFICATION = {
    9: "its certificate is not valid yet: compare the clocks",
    10: "its certificate has expired",
    18: "its certificate is signed by itself, not by this chain's CA",
    19: "its certificate chain ends in a CA that is not in our ca.crt: it belongs to another chain or agency",
    20: "its certificate was not issued by a CA in our ca.crt: it belongs to another chain or agency, "
    "or the agency's certificate is missing from its .crt file",
    21: "its certificate stands alone and was not issued by a CA in our ca.crt",
    # Every chain's CA has the same name, so this is how a certificate of another chain looks.
    7: "its certificate belongs to another chain: a CA of the same name but with another key issued it",
    66: "the key in its certificate is too weak",
    68: "the hash in its certificate's signature is too weak",
}

_REASONS = {
    "PEER_DID_NOT_RETURN_A_CERTIFICATE": "it showed no certificate: the client needs sdk.crt and sdk.key",
    "HTTP_REQUEST": "it speaks plain HTTP: JSON-RPC over HTTP has a port of its own",
    "WRONG_VERSION_NUMBER": "it does not speak TLS",
    "UNSUPPORTED_PROTOCOL": "it does not offer TLS 1.2",
    "NO_SHARED_CIPHER": "no cipher suite and curve fit both sides and our certificate",
    "NO_SHARED_GROUPS": "no curve fits both sides",
    "WRONG_CURVE": "the curve of its certificate was not offered",
    "TLSV1_ALERT_UNKNOWN_CA": "it does not trust our certificate: its ca.crt is of another chain or agency",
    "TLSV1_ALERT_DECRYPT_ERROR": "it does not trust our certificate: its ca.crt is of another chain, "
    "with the same name but another key",
    "SSLV3_ALERT_CERTIFICATE_UNKNOWN": "it does not accept our certificate: its ca.crt is of another chain "
    "or agency, or it demands what this chain's certificates do not carry",
    "SSLV3_ALERT_BAD_CERTIFICATE": "it cannot read or does not accept our certificate",
    "SSLV3_ALERT_CERTIFICATE_EXPIRED": "it finds our certificate expired",
    "SSLV3_ALERT_HANDSHAKE_FAILURE": "it finds no suite or curve in common, or misses our certificate",
    "TLSV13_ALERT_CERTIFICATE_REQUIRED": "it wants a certificate from us",
    "TLSV1_ALERT_PROTOCOL_VERSION": "it does not accept TLS 1.2",
}


def explain_handshake_failure(error: BaseException, hello: ClientHello | None = None) -> str:
    """Why TLS with the other side failed; `hello` is what a client offered, if it is known."""
    if isinstance(error, ssl.SSLCertVerificationError):
        other = f"its certificate was not accepted: {error.verify_message}"
        return f"TLS failed, {_VERIFICATION.get(error.verify_code, other)}"
    if isinstance(error, ssl.SSLError):
        reason = error.reason or ""
        if reason == "NO_SHARED_CIPHER" and hello is not None:
            return f"TLS failed, {_explain_offer(hello)}"
        if reason in _REASONS:
            return f"TLS failed, {_REASONS[reason]}"
        if isinstance(error, ssl.SSLEOFError):
            return "TLS failed, it hung up during the handshake"
        return f"TLS failed: {reason or error}"
    if isinstance(error, TimeoutError):
        return "TLS failed, the handshake took too long"
    if isinstance(error, ConnectionError):
        return "TLS failed, it hung up during the handshake"
    return f"TLS failed: {error}"


def _explain_offer(hello: ClientHello) -> str:
    if _TLCP in hello.versions or (_SM2_SUITES & set(hello.suites)):
        return "it offers SM suites: this port serves the classic channel with ca.crt, sdk.crt and sdk.key"
    if _TLS_1_2 not in hello.versions and max(hello.versions, default=0) < _TLS_1_2:
        return "it does not offer TLS 1.2"
    if hello.groups and _SECP256K1 not in hello.groups:
        return (
            "it does not offer the curve secp256k1, which elliptic-curve certificates of this chain need "
            "(Java from 16 on, browsers): use a chain with RSA channel certificates"
        )
    return _REASONS["NO_SHARED_CIPHER"]
