"""Who signs: a secp256k1 key and its address (data model §2.4)."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from hansa.kernel import keccak256, public_key
from hansa.primitives import Address

__all__ = ["Account"]

_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


@dataclass(frozen=True, slots=True)
class Account:
    """A signing key. Its text form never shows the secret."""

    secret: bytes = field(repr=False)
    """32 bytes."""

    @staticmethod
    def create() -> Account:
        """A new random account."""
        return Account((secrets.randbelow(_ORDER - 1) + 1).to_bytes(32, "big"))

    @staticmethod
    def load(path: Path) -> Account:
        """Read an unencrypted PKCS#8 PEM file, as `get_account.sh` and the Java SDK write it.

        Raises:
            ValueError: not such a file, or a key of another curve.
        """
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
        if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256K1):
            raise ValueError(f"{path}: not a secp256k1 key")
        return Account(key.private_numbers().private_value.to_bytes(32, "big"))

    def save(self, directory: Path) -> Path:
        """Write `<address>.pem`, readable by the owner only; the path."""
        key = ec.derive_private_key(int.from_bytes(self.secret, "big"), ec.SECP256K1())
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        path = directory / f"0x{self.address.hex()}.pem"
        path.touch(mode=0o600, exist_ok=False)
        path.write_bytes(pem)
        return path

    @property
    def address(self) -> Address:
        """The last 20 bytes of the public key's hash."""
        return Address(keccak256(public_key(self.secret))[12:])
