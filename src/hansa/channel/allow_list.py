"""Which SDK keys may use a group: `[sdk_allowlist]` of its group.N.ini (client protocol §6.3).

A key is written as 128 hexadecimal digits, for every kind of certificate:

    secp256k1   X ‖ Y of the public key, as in `sdk.publickey`
    RSA, other  SHA-512 of the certificate's SubjectPublicKeyInfo in DER:
                openssl x509 -in sdk.crt -noout -pubkey | openssl pkey -pubin -outform DER | sha512sum

Upstream reads keys of elliptic-curve certificates only and lets every RSA client pass. Here a list that
is not empty admits nobody it does not name.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha512

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import Certificate

__all__ = ["AllowList", "allow_list_key"]


@dataclass(frozen=True, slots=True)
class AllowList:
    """The keys of one group; an empty list is open."""

    keys: frozenset[str] = frozenset()

    @staticmethod
    def parse(keys: Iterable[str]) -> AllowList:
        """From the values of `public_key.N`, any case, with or without `0x`.

        Raises:
            ValueError: a value is not 128 hexadecimal digits; the text names it.
        """
        parsed = set()
        for text in keys:
            key = text.strip().lower().removeprefix("0x")
            if len(key) != 128 or not set(key) <= set("0123456789abcdef"):
                raise ValueError(f"an SDK public key has 128 hexadecimal digits: {text!r}")
            parsed.add(key)
        return AllowList(frozenset(parsed))

    def permits(self, public_key: str) -> bool:
        """Whether the session with this key (`SessionInfo.public_key`) may use the group."""
        return not self.keys or public_key in self.keys


def allow_list_key(certificate: Certificate) -> str:
    """The form of a certificate's key that an allow-list names."""
    key = certificate.public_key()
    if isinstance(key, EllipticCurvePublicKey) and key.curve.name == "secp256k1":
        return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)[1:].hex()
    return sha512(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()
