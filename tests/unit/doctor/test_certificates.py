"""Keys and certificates: each thing that goes wrong is found, and named in the words of a node's log."""

from __future__ import annotations

import shutil
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from hansa.chain.expand import add_agency, add_sdk
from hansa.doctor.certificates import check_identity, check_pair
from hansa.doctor.facts import Identity
from hansa.doctor.files import read_node, read_pair, read_sdk
from hansa.doctor.findings import Finding, Severity
from tests.unit.doctor.conftest import DAYS, END, NOW, Folders, only


def of_node(chain: Folders, role: str) -> Identity:
    return next(identity for identity in read_node(chain.node).identities if identity.role == role)


def judged(chain: Folders, role: str, now: datetime = NOW) -> list[Finding]:
    return check_identity(of_node(chain, role), now, wants_rsa=True if role == "channel" else None)


def of_pair(chain: Folders, sdk: Path) -> list[Finding]:
    facts = read_node(chain.node)
    assert facts.settings is not None
    return check_pair(read_pair(chain.node, facts.settings, facts.groups, sdk))


def test_sound_files_have_no_findings(chain: Folders) -> None:
    assert judged(chain, "node") == []
    assert judged(chain, "channel") == []
    assert check_identity(read_sdk(chain.sdk), NOW) == []
    assert of_pair(chain, chain.sdk) == []


def test_an_expired_certificate(chain: Folders) -> None:
    findings = check_identity(read_sdk(chain.sdk), END)
    assert {finding.severity for finding in findings} == {Severity.ERROR}
    assert any(finding.where.endswith("sdk.crt") for finding in findings)
    assert all(f"has expired on {END:%Y-%m-%d}" in finding.problem for finding in findings)


def test_one_that_expires_soon(chain: Folders) -> None:
    findings = check_identity(read_sdk(chain.sdk), END - timedelta(days=5))
    assert {finding.severity for finding in findings} == {Severity.WARNING}
    assert all(f"expires on {END:%Y-%m-%d}, in 5 days" in finding.problem for finding in findings)


def test_one_that_is_not_valid_yet_points_at_the_clocks(chain: Folders) -> None:
    findings = judged(chain, "node", NOW - timedelta(days=30))
    assert findings
    assert all("not valid yet" in finding.problem and "clocks" in finding.remedy for finding in findings)


@pytest.mark.parametrize("name", ["ca.crt", "sdk.crt", "sdk.key"])
def test_a_missing_file(chain: Folders, name: str) -> None:
    (chain.sdk / name).unlink()
    finding = only(check_identity(read_sdk(chain.sdk), NOW))
    assert finding.severity is Severity.ERROR
    assert finding.where == str(chain.sdk / name)
    assert finding.problem == "cannot be read: no such file or directory"


@pytest.mark.parametrize("name", ["ca.crt", "sdk.crt"])
def test_a_file_that_holds_no_certificate(chain: Folders, name: str) -> None:
    (chain.sdk / name).write_text("nothing")
    assert "holds no certificate" in only(check_identity(read_sdk(chain.sdk), NOW)).problem


def test_a_file_that_holds_no_key(chain: Folders) -> None:
    (chain.sdk / "sdk.key").write_text("nothing")
    assert "holds no private key" in only(check_identity(read_sdk(chain.sdk), NOW)).problem


def test_an_encrypted_key(chain: Folders) -> None:
    path = chain.sdk / "sdk.key"
    key = load_pem_private_key(path.read_bytes(), None)
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret")))
    assert "the key is encrypted" in only(check_identity(read_sdk(chain.sdk), NOW)).problem


def test_a_key_that_others_may_read(chain: Folders) -> None:
    path = chain.conf / "node.key"
    path.chmod(0o644)
    finding = only(judged(chain, "node"))
    assert finding.severity is Severity.WARNING
    assert finding.problem == "others may read or change this private key (its mode is 0644)"
    assert finding.remedy == f"run chmod 600 {path}"


def test_a_key_of_another_certificate(chain: Folders, stranger: Folders) -> None:
    shutil.copy(stranger.conf / "node.key", chain.conf / "node.key")
    finding = only(judged(chain, "node"))
    assert finding.problem == f"the key does not belong to {chain.conf / 'node.crt'}"


def test_a_certificate_of_another_chain_with_the_same_names(chain: Folders, stranger: Folders) -> None:
    for name in ("node.crt", "node.key"):
        shutil.copy(stranger.conf / name, chain.conf / name)
    finding = only(judged(chain, "node"))
    assert finding.where == str(chain.conf / "node.crt")
    assert finding.problem == (
        "TLS failed, its certificate belongs to another chain: "
        "a CA of the same name but with another key issued it"
    )


def test_the_agency_is_missing_from_the_certificate_file(chain: Folders) -> None:
    path = chain.conf / "node.crt"
    leaf, _, _ = path.read_text().partition("-----END CERTIFICATE-----")
    path.write_text(f"{leaf}-----END CERTIFICATE-----\n")
    finding = only(judged(chain, "node"))
    assert "was not issued by a CA in our ca.crt" in finding.problem
    assert "OU=agency" in finding.remedy


def test_certificates_in_the_wrong_order(chain: Folders) -> None:
    path = chain.conf / "node.crt"
    end = "-----END CERTIFICATE-----\n"
    blocks = [f"{block}{end}" for block in path.read_text().split(end) if block.strip()]
    path.write_text("".join([blocks[0], *reversed(blocks[1:])]))
    assert "which follows it" in only(judged(chain, "node")).problem


def test_a_node_needs_a_key_on_its_curve(chain: Folders) -> None:
    for name in ("node.crt", "node.key", "ca.crt"):
        shutil.copy(chain.conf / "channel_cert" / name, chain.conf / name)
    finding = only(judged(chain, "node"))
    assert finding.problem == "certificate whose key is not on curve secp256k1, but RSA"


def test_rsa_is_announced_and_another_key_shown(chain: Folders) -> None:
    for name in ("node.crt", "node.key", "ca.crt"):
        shutil.copy(chain.conf / name, chain.conf / "channel_cert" / name)
    assert "rsa_crypto_channel=true" in only(judged(chain, "channel")).problem


def test_an_elliptic_sdk_is_told_about_java(elliptic: Folders) -> None:
    finding = only(check_identity(read_sdk(elliptic.sdk), NOW))
    assert finding.severity is Severity.NOTE
    assert "Java from 16 on" in finding.problem


def test_an_sdk_of_another_chain_would_be_refused(chain: Folders, stranger: Folders) -> None:
    finding = only(of_pair(chain, stranger.sdk))
    assert finding.severity is Severity.ERROR
    assert "would not talk to this SDK: TLS failed, its certificate" in finding.problem
    assert "it belongs to another chain or agency" in finding.problem


def test_an_sdk_with_the_other_kind_of_certificate_would_be_refused(
    chain: Folders, elliptic: Folders
) -> None:
    assert "TLS failed, " in only(of_pair(chain, elliptic.sdk)).problem


def test_an_sdk_of_another_agency_would_be_refused(elliptic: Folders, tmp_path: Path) -> None:
    agency = add_agency(elliptic.host.parent / "cert", "elsewhere", days=DAYS)
    add_sdk(agency, tmp_path / "sdk", elliptic=True, days=DAYS)
    finding = only(of_pair(elliptic, tmp_path / "sdk"))
    assert "another agency, and check_cert_issuer is on" in finding.problem


def test_an_sdk_that_the_allow_list_leaves_out(chain: Folders) -> None:
    chain.change("conf/group.1.ini", ";public_key.0=", f"public_key.0={'ab' * 64}")
    finding = only(of_pair(chain, chain.sdk))
    assert "[sdk_allowlist] names 1 key" in finding.problem
    key = finding.remedy.partition("public_key.1=")[2].partition(" ")[0]
    chain.change("conf/group.1.ini", "ab" * 64, key)
    assert of_pair(chain, chain.sdk) == []
