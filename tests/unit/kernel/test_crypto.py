"""Hashes and signatures, one by one and in batches."""

import pytest

from hansa.kernel import (
    keccak256,
    public_key,
    recover,
    recover_batch,
    sign,
    verify_batch,
    vrf_prove,
    vrf_verify,
)

SECRET = bytes.fromhex("bcec428d5205abe0f0cc8a734083908d9eb8563e31f943d760786edf42ad67dd")
DIGEST = keccak256(b"abcde")
HALF_ORDER_PLUS_ONE = bytes.fromhex("7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a1")


def test_keccak_is_not_sha3() -> None:
    assert keccak256(b"").hex() == "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"
    assert DIGEST.hex() == "6377c7e66081cb65e473c1b95db5195a27d04a7108b468890224bedbe1a8a6eb"
    assert len({keccak256(bytes(size)) for size in (4095, 4096, 100_000)}) == 3


def test_a_signature_is_that_of_rfc_6979_and_recovers_its_key() -> None:
    signature = sign(SECRET, DIGEST)
    assert signature.hex() == (
        "d69ba7523bda4e88c44cab93f54b6f9af9e8973fe68a632c5039c533070b273a"
        "6c56274cfd332220ba7d4861adab78a44a7c5824028df340b71956a5c6cc84aa01"
    )
    assert recover(DIGEST, signature) == public_key(SECRET)


@pytest.mark.parametrize(
    "signature",
    [
        b"",
        bytes(65),
        sign(SECRET, DIGEST)[:64],
        sign(SECRET, DIGEST)[:64] + b"\x02",
        sign(SECRET, DIGEST)[:32] + HALF_ORDER_PLUS_ONE + b"\x01",
        b"\xff" * 64 + b"\x00",
    ],
)
def test_an_invalid_signature_recovers_nobody(signature: bytes) -> None:
    assert recover(DIGEST, signature) is None


def test_batches_keep_their_order() -> None:
    secrets = [bytes([number]) * 32 for number in range(1, 21)]
    digests = [keccak256(secret) for secret in secrets]
    keys = [public_key(secret) for secret in secrets]
    signatures = [sign(secret, digest) for secret, digest in zip(secrets, digests, strict=True)]
    signatures[4] = b"short"
    expected = [None if index == 4 else key for index, key in enumerate(keys)]
    assert recover_batch(digests, signatures) == expected
    assert recover_batch(tuple(digests), tuple(signatures)) == expected
    assert verify_batch(keys, digests, signatures) == [index != 4 for index in range(20)]
    assert verify_batch(keys[1:], digests[:-1], signatures[:-1]) == [False] * 19
    assert recover_batch([], []) == []


def test_wrong_sizes_are_value_errors() -> None:
    with pytest.raises(ValueError, match="32 bytes expected, not 31"):
        recover(bytes(31), bytes(65))
    with pytest.raises(ValueError, match="64 bytes expected, not 65"):
        verify_batch([bytes(65)], [DIGEST], [bytes(65)])
    with pytest.raises(ValueError, match="sequences of one length expected, not of 1 and 2"):
        recover_batch([DIGEST], [bytes(65), bytes(65)])
    with pytest.raises(ValueError, match="not a secret"):
        public_key(bytes(32))
    with pytest.raises(ValueError, match="not a secret"):
        sign(b"\xff" * 32, DIGEST)
    with pytest.raises(TypeError):
        keccak256("text")  # type: ignore[arg-type]


def test_a_vrf_proof_is_verified_with_the_key_it_names_and_gives_one_number() -> None:
    key, proof = vrf_prove(SECRET, "abcd")
    assert key == "982b0cf3eeef2d5e0bfe8371356a0fd7416e56a6c87fbd1fece103a54d0d0236"
    number = vrf_verify(b"abcd", key.encode(), proof.encode())
    assert number is not None
    assert number.hex() == "d399a59e4c3b1f9718d154cee72771bf55be65eabe2fdd5c3e98841d33cf1c09"
    assert vrf_verify(b"abce", key.encode(), proof.encode()) is None
