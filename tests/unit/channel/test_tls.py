from __future__ import annotations

import hashlib
import os
import ssl
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from hansa.channel.allow_list import AllowList
from hansa.channel.client_hello import read_client_hello
from hansa.channel.errors import CertificateFilesError, HandshakeFailed, PeerRefused
from hansa.channel.openssl_config import OPENSSL_CONFIG_PATH, install_openssl_config
from hansa.channel.tls import (
    CertificateFiles,
    client_context,
    load_server_tls,
    node_certificate_files,
    sdk_certificate_files,
)
from hansa.channel.tls_pipe import TlsPipe


def shake_hands(client: TlsPipe, server: TlsPipe) -> None:
    client.start()
    while not (client.is_established and server.is_established):
        server.receive(client.take())
        client.receive(server.take())


def load_pair(conf: Path, sdk: Path, *, is_rsa: bool) -> tuple[TlsPipe, TlsPipe]:
    server = load_server_tls(node_certificate_files(conf, rsa=is_rsa))
    client = client_context(sdk_certificate_files(sdk))
    return TlsPipe(client, server_side=False), server.open_pipe()


@pytest.fixture(params=["rsa_chain", "ec_chain"])
def chain(request: pytest.FixtureRequest):
    return request.getfixturevalue(request.param)


def test_an_sdk_of_the_chain_is_admitted(chain):
    client, server = load_pair(chain.conf, chain.sdk, is_rsa=chain.is_rsa)
    shake_hands(client, server)
    tls = load_server_tls(node_certificate_files(chain.conf, rsa=chain.is_rsa))
    identity = tls.admit(server.peer_certificate)
    assert len(identity.public_key) == 128
    assert identity.subject == ("CN=FISCO-BCOS" if chain.is_rsa else "CN=sdk")


def test_bytes_pass_in_both_directions(chain):
    client, server = load_pair(chain.conf, chain.sdk, is_rsa=chain.is_rsa)
    shake_hands(client, server)
    long = bytes(range(256)) * 400
    client.write(b"one")
    client.write(long)
    assert server.receive(client.take()) == b"one" + long
    server.write(long)
    assert client.receive(server.take()) == long


def test_each_frame_has_records_of_its_own(chain):
    client, server = load_pair(chain.conf, chain.sdk, is_rsa=chain.is_rsa)
    shake_hands(client, server)
    client.take()
    for frame in (b"a" * 100, b"b" * 200, b"c" * 20000):
        server.write(frame)
    ciphertext = server.take()
    sizes = []
    while ciphertext:
        assert ciphertext[0] == 23
        size = int.from_bytes(ciphertext[3:5], "big")
        sizes.append(size)
        ciphertext = ciphertext[5 + size :]
    assert len(sizes) == 4
    assert sizes[0] < sizes[1] < sizes[3] < sizes[2]


def test_a_farewell_is_noticed(chain):
    client, server = load_pair(chain.conf, chain.sdk, is_rsa=chain.is_rsa)
    shake_hands(client, server)
    server.receive(client.take())
    client.close()
    assert server.receive(client.take()) == b""
    assert server.is_ended


def test_an_sdk_of_another_agency_is_refused_with_both_names(chain):
    client, server = load_pair(chain.conf, chain.stranger, is_rsa=chain.is_rsa)
    shake_hands(client, server)
    files = node_certificate_files(chain.conf, rsa=chain.is_rsa)
    with pytest.raises(PeerRefused, match=r"CN=agency-b.*check_cert_issuer"):
        load_server_tls(files).admit(server.peer_certificate)
    assert load_server_tls(files, check_issuer=False).admit(server.peer_certificate).subject == "CN=sdk"


def test_an_sdk_of_another_chain_fails_with_the_cause_in_words(chain):
    client, server = load_pair(chain.conf, chain.foreign, is_rsa=chain.is_rsa)
    with pytest.raises(HandshakeFailed, match="belongs to another chain"):
        shake_hands(client, server)


def test_an_expired_certificate_is_named(expired_sdk):
    conf, sdk = expired_sdk
    client, server = load_pair(conf, sdk, is_rsa=False)
    with pytest.raises(HandshakeFailed, match="has expired"):
        shake_hands(client, server)
    with pytest.raises(HandshakeFailed, match="it finds our certificate expired"):
        client.receive(server.take())


def test_a_client_without_a_certificate_is_told_what_is_missing(ec_chain):
    _, server = load_pair(ec_chain.conf, ec_chain.sdk, is_rsa=False)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_ecdh_curve("secp256k1")
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with pytest.raises(HandshakeFailed, match="it showed no certificate"):
        shake_hands(TlsPipe(context, server_side=False), server)


def test_a_client_without_the_curve_of_the_certificates_is_explained(ec_chain):
    _, server = load_pair(ec_chain.conf, ec_chain.sdk, is_rsa=False)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_ecdh_curve("prime256v1")
    with pytest.raises(HandshakeFailed, match="does not offer the curve secp256k1"):
        shake_hands(TlsPipe(context, server_side=False), server)


@pytest.mark.parametrize(
    ("first_bytes", "cause"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", "plain HTTP"),
        (b"POST / HTTP/1.1\r\n\r\n", "plain HTTP"),
        (b"\0\0\0\x2b\0\x13" + b"0" * 40, "does not speak TLS"),
    ],
)
def test_what_is_not_tls_is_recognised(ec_chain, first_bytes, cause):
    _, server = load_pair(ec_chain.conf, ec_chain.sdk, is_rsa=False)
    with pytest.raises(HandshakeFailed, match=cause):
        server.receive(first_bytes)


def test_an_sm_client_is_recognised(ec_chain):
    suites = bytes.fromhex("e013e011")
    hello = bytes.fromhex("0303") + bytes(32) + b"\0" + b"\0\4" + suites + b"\1\0"
    message = b"\1" + len(hello).to_bytes(3, "big") + hello
    record = bytes.fromhex("160301") + len(message).to_bytes(2, "big") + message
    _, server = load_pair(ec_chain.conf, ec_chain.sdk, is_rsa=False)
    with pytest.raises(HandshakeFailed, match="it offers SM suites"):
        server.receive(record)


def test_static_rsa_serves_a_client_without_a_common_curve(rsa_chain):
    files = sdk_certificate_files(rsa_chain.sdk)
    context = client_context(files)
    context.set_ecdh_curve("secp521r1")
    tls = load_server_tls(node_certificate_files(rsa_chain.conf, rsa=True))
    client, server = TlsPipe(context, server_side=False), tls.open_pipe()
    shake_hands(client, server)
    assert client.cipher.startswith("AES")


def test_old_and_new_tls_versions_are_not_spoken(rsa_chain):
    tls = load_server_tls(node_certificate_files(rsa_chain.conf, rsa=True))
    context = client_context(sdk_certificate_files(rsa_chain.sdk))
    context.maximum_version = ssl.TLSVersion.TLSv1_3
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.set_ecdh_curve("X25519")
    client, server = TlsPipe(context, server_side=False), tls.open_pipe()
    client.start()
    with pytest.raises(HandshakeFailed, match=r"TLS 1\.2"):
        server.receive(client.take())


def test_allow_list_keys_follow_the_documented_forms(rsa_chain, ec_chain):
    for chain in (rsa_chain, ec_chain):
        tls = load_server_tls(node_certificate_files(chain.conf, rsa=chain.is_rsa))
        certificate = x509.load_pem_x509_certificate((chain.sdk / "sdk.crt").read_bytes())
        der = certificate.public_bytes(Encoding.DER)
        key = certificate.public_key()
        if chain.is_rsa:
            expected = hashlib.sha512(
                key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
            ).hexdigest()
        else:
            numbers = key.public_numbers()
            expected = f"{numbers.x:064x}{numbers.y:064x}"
        assert tls.admit(der).public_key == expected


def test_an_allow_list_admits_whom_it_names_and_an_empty_one_everybody():
    ours, theirs = "ab" * 64, "cd" * 64
    assert AllowList().permits(theirs)
    named = AllowList.parse([f" 0x{ours.upper()} "])
    assert named.permits(ours)
    assert not named.permits(theirs)
    with pytest.raises(ValueError, match="128 hexadecimal digits"):
        AllowList.parse(["ab" * 63])


def test_unusable_files_are_named(ec_chain, tmp_path):
    good = node_certificate_files(ec_chain.conf, rsa=False)
    with pytest.raises(CertificateFilesError, match=r"missing\.key: No such file"):
        load_server_tls(CertificateFiles(good.ca, good.certificate, tmp_path / "missing.key"))
    other_key = sdk_certificate_files(ec_chain.sdk).key
    with pytest.raises(CertificateFilesError, match="the key does not belong to"):
        load_server_tls(CertificateFiles(good.ca, good.certificate, other_key))
    garbage = tmp_path / "garbage.crt"
    garbage.write_text("no certificate")
    with pytest.raises(CertificateFilesError, match=r"garbage\.crt: holds no certificate"):
        load_server_tls(CertificateFiles(garbage, good.certificate, good.key))
    with pytest.raises(CertificateFilesError, match=r"garbage\.crt: holds no certificate"):
        load_server_tls(CertificateFiles(good.ca, garbage, good.key))


def test_a_certificate_that_cannot_be_read_is_refused(ec_chain):
    tls = load_server_tls(node_certificate_files(ec_chain.conf, rsa=False))
    with pytest.raises(PeerRefused, match="cannot be read"):
        tls.admit(b"no certificate")


def test_hellos_cut_short_are_nothing():
    assert read_client_hello(b"") is None
    assert read_client_hello(bytes.fromhex("1603010004010000")) is None
    assert read_client_hello(bytes.fromhex("1503010002022a")) is None


_REPORT = """
import sys
from hansa.channel.openssl_config import install_openssl_config
{before}
print(install_openssl_config())
from pathlib import Path
from hansa.channel.tls import load_server_tls, node_certificate_files
print(*load_server_tls(node_certificate_files(Path(sys.argv[1]), rsa=True)).missing_curves)
"""


def run_report(conf: Path, before: str, **environment: str) -> list[str]:
    source = Path(OPENSSL_CONFIG_PATH).parents[2]
    clean = {name: value for name, value in os.environ.items() if name != "OPENSSL_CONF"}
    completed = subprocess.run(
        [sys.executable, "-c", _REPORT.format(before=before), str(conf)],
        env=clean | {"PYTHONPATH": str(source)} | environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return completed.stdout.split("\n")[:2]


def test_a_process_that_asks_first_serves_every_curve(rsa_chain):
    assert run_report(rsa_chain.conf, "") == ["True", ""]


def test_a_process_that_asks_too_late_serves_secp256k1(rsa_chain):
    assert run_report(rsa_chain.conf, "import hashlib") == ["False", "X25519 prime256v1 secp384r1"]


def test_a_configuration_of_the_operator_stays(rsa_chain, tmp_path):
    own = tmp_path / "own.cnf"
    own.write_text("")
    assert run_report(rsa_chain.conf, "", OPENSSL_CONF=str(own))[0] == "False"
    environment = {"OPENSSL_CONF": OPENSSL_CONFIG_PATH}
    assert install_openssl_config(environment)
