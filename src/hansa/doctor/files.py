"""Gathers facts from folders. Everything that can be unreadable is, in the end, a sentence in a fact."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from hansa.channel.allow_list import allow_list_key
from hansa.channel.errors import CertificateFilesError, HandshakeFailed, PeerRefused
from hansa.channel.tls import (
    CertificateFiles,
    client_context,
    load_server_tls,
    node_certificate_files,
    sdk_certificate_files,
)
from hansa.channel.tls_pipe import TlsPipe
from hansa.codec.ini import FILE_BYTES_MAX, SettingsError
from hansa.doctor.facts import CertificateFile, Disk, GroupFacts, Identity, KeyFile, NodeFacts, Pair, Role
from hansa.ledger.genesis import load_genesis_settings
from hansa.node.group_settings import load_group_settings
from hansa.node.settings import NodeSettings, load_node_settings
from hansa.p2p.errors import TlsMaterialError
from hansa.p2p.tls import load_node_tls

__all__ = ["read_identity", "read_node", "read_pair", "read_sdk"]

_FLIGHTS_MAX = 8
"""A full TLS 1.2 handshake has four."""

T = TypeVar("T")


def read_node(folder: Path) -> NodeFacts:
    """A node's folder, without what is on the network."""
    problems: list[SettingsError] = []
    settings = _attempt(lambda: load_node_settings(folder / "config.ini"), problems)
    if settings is None:
        return NodeFacts(folder, None, tuple(problems), None, (), (), (), (), None)
    return NodeFacts(
        folder=folder,
        settings=settings,
        problems=tuple(problems),
        node_id_text=_text(settings.certificates.data_path / "node.nodeid"),
        identities=() if settings.chain.sm_crypto else tuple(_identities(settings)),
        groups=tuple(_groups(settings)),
        ports=(),
        dials=(),
        disk=_disk(settings.group_data_path),
    )


def read_sdk(folder: Path) -> Identity:
    """An SDK's folder."""
    files = sdk_certificate_files(folder)
    return read_identity("sdk", files, _refusal(lambda: client_context(files)))


def read_pair(node: Path, settings: NodeSettings, groups: tuple[GroupFacts, ...], sdk: Path) -> Pair:
    """What a node and an SDK would say to each other, found out by a handshake in memory."""
    files = sdk_certificate_files(sdk)
    leaf = next(iter(_certificates(files.certificate).certificates), None)
    return Pair(
        node=node,
        sdk=sdk,
        refusal=_rehearse(settings, files),
        sdk_key=_allow_list_key(leaf),
        allow_lists={
            group.group_id: group.settings.sdk_allowlist for group in groups if group.settings is not None
        },
    )


def read_identity(role: Role, files: CertificateFiles, refusal: str) -> Identity:
    """Three PEM files; `refusal` is what their user said of them."""
    return Identity(role, _certificates(files.ca), _certificates(files.certificate), _key(files.key), refusal)


def _attempt(read: Callable[[], T], problems: list[SettingsError]) -> T | None:
    try:
        return read()
    except SettingsError as problem:
        problems.append(problem)
        return None


def _identities(settings: NodeSettings) -> Iterator[Identity]:
    certificates = settings.certificates
    files = CertificateFiles(certificates.ca_certificate, certificates.certificate, certificates.key)
    yield read_identity(
        "node", files, _refusal(lambda: load_node_tls(files.ca, files.certificate, files.key))
    )
    if settings.chain.rsa_crypto_channel:
        files = node_certificate_files(certificates.data_path, rsa=True)
        yield read_identity("channel", files, _refusal(lambda: load_server_tls(files)))


def _refusal(load: Callable[[], object]) -> str:
    """Why a program would not start with its files, in that program's words."""
    try:
        load()
    except (CertificateFilesError, TlsMaterialError) as error:
        return str(error)
    return ""


def _groups(settings: NodeSettings) -> Iterator[GroupFacts]:
    found: dict[int, Path] = {}
    for path in settings.group_config_path.glob("group.*.genesis"):
        number = path.name.split(".")[1]
        if number.isdecimal() and len(number) <= len(str(1 << 15)):
            found[int(number)] = path
    for group_id, path in sorted(found.items()):
        problems: list[SettingsError] = []
        genesis = _attempt(partial(load_genesis_settings, path, settings.supported_version), problems)
        own = _attempt(partial(load_group_settings, path.with_suffix(".ini")), problems)
        yield GroupFacts(group_id, genesis, own, tuple(problems))


def _certificates(path: Path) -> CertificateFile:
    try:
        return CertificateFile(path, tuple(x509.load_pem_x509_certificates(_read(path))))
    except OSError as error:
        return CertificateFile(path, problem=_reason(error))
    except ValueError as error:
        return CertificateFile(path, problem=f"holds no certificate: {error}")


def _key(path: Path) -> KeyFile:
    try:
        mode = path.stat().st_mode & 0o777
        key = serialization.load_pem_private_key(_read(path), password=None)
    except OSError as error:
        return KeyFile(path, problem=_reason(error))
    except TypeError:
        return KeyFile(
            path, mode=mode, problem="the key is encrypted: programs without a person cannot open it"
        )
    except (ValueError, UnsupportedAlgorithm):
        return KeyFile(path, mode=mode, problem="holds no private key that can be read")
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return KeyFile(path, public, mode)


def _read(path: Path) -> bytes:
    with path.open("rb") as stream:
        data = stream.read(FILE_BYTES_MAX + 1)
    if len(data) > FILE_BYTES_MAX:
        raise ValueError(f"the file is longer than {FILE_BYTES_MAX} bytes")
    return data


def _text(path: Path) -> str | None:
    try:
        return _read(path).decode("ascii").strip()
    except (OSError, ValueError):
        return None


def _reason(error: OSError) -> str:
    return f"cannot be read: {(error.strerror or str(error)).lower()}"


def _disk(path: Path) -> Disk | None:
    """Of the folder, or of the nearest one above it that exists already."""
    for folder in (path, *path.parents):
        try:
            usage = shutil.disk_usage(folder)
        except FileNotFoundError:
            continue
        except OSError:
            return None
        return Disk(folder, usage.free, usage.total)
    return None


def _allow_list_key(certificate: x509.Certificate | None) -> str:
    if certificate is None:
        return ""
    try:
        return allow_list_key(certificate)
    except (ValueError, UnsupportedAlgorithm):
        return ""


def _rehearse(settings: NodeSettings, sdk: CertificateFiles) -> str:
    """Why the node's Channel and the SDK would not come together; empty if they would."""
    node = node_certificate_files(settings.certificates.data_path, rsa=settings.chain.rsa_crypto_channel)
    try:
        server = load_server_tls(node, check_issuer=settings.certificates.check_issuer)
        client = TlsPipe(client_context(sdk), server_side=False)
        door = server.open_pipe()
        client.start()
        for _ in range(_FLIGHTS_MAX):
            door.receive(client.take())
            client.receive(door.take())
            if client.is_established and door.is_established:
                break
        server.admit(door.peer_certificate)
    except (CertificateFilesError, HandshakeFailed, PeerRefused) as error:
        return str(error)
    return ""
