"""Judges keys and certificates: can they be read, do they belong together, do they hold, who may read them.

A node's own key is on secp256k1; towards SDKs it shows RSA or secp256k1, as `rsa_crypto_channel` says
(node §2.2, client protocol §6.1).
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from hansa.channel.tls_failures import explain_handshake_failure
from hansa.doctor.facts import CertificateFile, Identity, Pair
from hansa.doctor.findings import Finding, error, has_error, note, warning

__all__ = ["EXPIRY_WARNING", "check_identity", "check_pair", "public_key_bytes"]

EXPIRY_WARNING = timedelta(days=30)
"""How long before its end a certificate is mentioned."""

_OTHERS_MAY_ACCESS = 0o077

# X509_V_ERR_* numbers: part of OpenSSL's stable interface.
_SIGNATURE_FAILURE = 7
_SELF_SIGNED_IN_CHAIN = 19
_NO_LOCAL_ISSUER = 20


def check_identity(identity: Identity, now: datetime, *, wants_rsa: bool | None = None) -> list[Finding]:
    """Judge one set of key and certificates.

    Args:
        now: with a time zone.
        wants_rsa: which kind a node's Channel certificate must be; None: either, or as the role says.
    """
    findings: list[Finding] = [*_unreadable(identity), *_permissions(identity)]
    for file in (identity.ca, identity.own):
        findings += _validity(file, now)
    if identity.own.certificates:
        findings += _kind(identity, wants_rsa)
        findings += _key_match(identity)
        findings += _chain(identity)
    if identity.refusal and not has_error(findings):
        findings.append(error(identity.own.path, identity.refusal, "make the files again with hansa chain"))
    return findings


def check_pair(pair: Pair) -> list[Finding]:
    """Judge whether a node would talk to an SDK, and which of its groups would answer."""
    findings: list[Finding] = []
    if pair.refusal:
        findings.append(
            error(
                pair.sdk,
                f"{pair.node} would not talk to this SDK: {pair.refusal}",
                "copy the folder sdk that was made for this node's agency of this chain",
            )
        )
    for group_id, keys in sorted(pair.allow_lists.items()):
        if keys and pair.sdk_key and pair.sdk_key not in {key.hex() for key in keys}:
            findings.append(
                error(
                    pair.node / "conf" / f"group.{group_id}.ini",
                    f"[sdk_allowlist] names {_counted(len(keys), 'key')}, and not that of {pair.sdk}",
                    f"add public_key.{len(keys)}={pair.sdk_key} and run scripts/reload_sdk_allowlist.sh",
                )
            )
    return findings


def public_key_bytes(certificate: x509.Certificate) -> bytes:
    """SubjectPublicKeyInfo in DER.

    Raises:
        ValueError, UnsupportedAlgorithm: the key is of a kind nobody here knows.
    """
    return certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _unreadable(identity: Identity) -> Iterator[Finding]:
    remedy = "copy the file again from where the chain was built"
    for file in (identity.ca, identity.own, identity.key):
        if file.problem:
            yield error(file.path, file.problem, remedy)


def _permissions(identity: Identity) -> Iterator[Finding]:
    key = identity.key
    if key.mode is not None and key.mode & _OTHERS_MAY_ACCESS:
        yield warning(
            key.path,
            f"others may read or change this private key (its mode is {key.mode:04o})",
            f"run chmod 600 {key.path}",
        )


def _validity(file: CertificateFile, now: datetime) -> Iterator[Finding]:
    for certificate in file.certificates:
        name = certificate.subject.rfc4514_string()
        begin, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
        if now < begin:
            yield error(
                file.path,
                f"the certificate of {name} is not valid yet: it begins on {begin:%Y-%m-%d %H:%M} UTC",
                "compare the clocks of this host and of the one that made it",
            )
        elif now >= end:
            yield error(
                file.path,
                f"the certificate of {name} has expired on {end:%Y-%m-%d}",
                "issue a new one with the same key, from the same agency, and restart",
            )
        elif now >= end - EXPIRY_WARNING:
            days = _counted((end - now).days, "day")
            yield warning(
                file.path,
                f"the certificate of {name} expires on {end:%Y-%m-%d}, in {days}",
                "issue a new one with the same key, from the same agency, before that day",
            )


def _kind(identity: Identity, wants_rsa: bool | None) -> Iterator[Finding]:
    kind = _kind_of(identity.own.certificates[0])
    path = identity.own.path
    match identity.role:
        case "node" if kind != "secp256k1":
            yield error(
                path,
                f"certificate whose key is not on curve secp256k1, but {kind}",
                "use the node.crt that the chain builder made: a node's id is such a key",
            )
        case "channel" if wants_rsa and kind != "RSA":
            yield error(
                path,
                f"rsa_crypto_channel=true, but this certificate's key is {kind}",
                "put the RSA files of the chain builder into channel_cert, or write rsa_crypto_channel=false",
            )
        case "sdk" if kind == "secp256k1":
            yield note(
                path,
                "a secp256k1 certificate: Java from 16 on has no such curve and cannot connect with it",
                "for such clients build chain and SDK with RSA channel certificates (without -R)",
            )
        case "sdk" if kind != "RSA":
            yield error(
                path, f"the key is {kind}, neither RSA nor secp256k1", "use the chain builder's files"
            )
        case "node" | "channel" | "sdk":
            pass


def _kind_of(certificate: x509.Certificate) -> str:
    try:
        key = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm):
        return "of an unknown kind"
    if isinstance(key, rsa.RSAPublicKey):
        return "RSA"
    return key.curve.name if isinstance(key, ec.EllipticCurvePublicKey) else type(key).__name__


def _key_match(identity: Identity) -> Iterator[Finding]:
    key = identity.key.public_key
    try:
        certified = public_key_bytes(identity.own.certificates[0])
    except (ValueError, UnsupportedAlgorithm):
        return
    if key is not None and key != certified:
        yield error(
            identity.key.path,
            f"the key does not belong to {identity.own.path}",
            "take both files from one folder: they were made together",
        )


def _chain(identity: Identity) -> Iterator[Finding]:
    """Each certificate is signed by the next, the last by the CA."""
    own, authorities = identity.own.certificates, identity.ca.certificates
    if not authorities:
        return
    for certificate, issuer in pairwise(own):
        if not _is_issued_by(certificate, issuer):
            yield error(
                identity.own.path,
                f"{certificate.subject.rfc4514_string()} is not signed by "
                f"{issuer.subject.rfc4514_string()}, which follows it",
                "put the certificates into the order leaf, agency",
            )
            return
    last = own[-1]
    if last in authorities or any(_is_issued_by(last, authority) for authority in authorities):
        return
    problem, remedy = _stranger(last, own, authorities)
    yield error(identity.own.path, problem, remedy)


def _stranger(
    last: x509.Certificate, own: Sequence[x509.Certificate], authorities: Sequence[x509.Certificate]
) -> tuple[str, str]:
    """Why nobody in ca.crt signed it, and what to do."""
    remedy = "take ca.crt, certificate and key from one chain"
    if any(last.issuer == authority.subject for authority in authorities):
        return _verdict(_SIGNATURE_FAILURE), remedy
    if len(own) == 1 and last.issuer != last.subject:
        return (
            _verdict(_NO_LOCAL_ISSUER),
            f"append the certificate of {last.issuer.rfc4514_string()}, or {remedy}",
        )
    return _verdict(_SELF_SIGNED_IN_CHAIN), remedy


def _verdict(code: int) -> str:
    """What a node's log says when OpenSSL comes to this verdict on a certificate it is shown."""
    failure = ssl.SSLCertVerificationError()
    failure.verify_code, failure.verify_message = code, ""
    return explain_handshake_failure(failure)


def _is_issued_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
