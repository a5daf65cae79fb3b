"""Accounts: the recorded address, PEM files, and a secret that is never shown."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from hansa.kernel import keccak256
from hansa.sdk import Account


def test_the_address_is_that_of_the_recorded_account() -> None:
    account = Account(keccak256(b"golden-account-0"))
    assert account.address.hex() == "89abb8262cf0e0954ffee6cc9fcea42090056d9e"


def test_a_saved_account_loads_again(tmp_path: Path) -> None:
    account = Account.create()
    path = account.save(tmp_path)
    assert path.name == f"0x{account.address.hex()}.pem"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert Account.load(path) == account
    with pytest.raises(FileExistsError):
        account.save(tmp_path)


def test_a_key_of_another_curve_is_refused(tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    path = tmp_path / "key.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    with pytest.raises(ValueError, match="not a secp256k1 key"):
        Account.load(path)


def test_the_secret_is_not_shown() -> None:
    account = Account.create()
    assert account.secret.hex() not in repr(account)
    assert str(account.secret) not in repr(account)
