"""An agency: the organization that nodes and SDKs belong to, as a folder of keys and as who fills theirs.

<agency>/{agency.key,agency.crt,ca.crt}     secp256k1; agency.crt has the chain's certificate behind it
<agency>/channel/{ca.key,ca.crt}            RSA, for the line between SDKs and nodes
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from hansa.chain.certificates import (
    Authority,
    Validity,
    create_channel_authority,
    issue_agency,
    issue_channel_leaf,
    issue_node,
    issue_sdk,
    load_agency,
    load_channel_authority,
    node_id_of,
)
from hansa.chain.folder import write, write_authority, write_identity
from hansa.primitives import NodeId, node_id_to_hex

__all__ = ["Agency"]


@dataclass(frozen=True, slots=True)
class Agency:
    """The two authorities of an agency."""

    authority: Authority
    channel: Authority | None
    """None in a folder made by a builder that knew no RSA channel."""

    @staticmethod
    def create(chain: Authority, name: str, validity: Validity) -> Agency:
        """A new agency of a chain."""
        return Agency(issue_agency(chain, name, validity), create_channel_authority(name, validity))

    @staticmethod
    def load(directory: Path) -> Agency:
        """Read an agency's folder.

        Raises:
            ChainError: a file is missing or does not fit.
        """
        channel = directory / "channel"
        return Agency(load_agency(directory), load_channel_authority(channel) if channel.is_dir() else None)

    def save(self, directory: Path) -> None:
        """Write the folder."""
        write_authority(directory, "agency", self.authority)
        write(directory / "ca.crt", self.authority.trusted_pem())
        if self.channel is not None:
            write_authority(directory / "channel", "ca", self.channel)

    def equip_node(self, conf: Path, name: str, validity: Validity, *, rsa_channel: bool) -> NodeId:
        """Write a new node's keys and certificates into its `conf` folder.

        Args:
            conf: the folder.
            name: of the node, in its certificate.
            validity: of the certificates.
            rsa_channel: with an RSA certificate for SDKs.
        """
        identity = issue_node(self.authority, name, validity)
        node_id = node_id_of(identity)
        write_identity(conf, "node", identity, self.authority)
        write(conf / "node.nodeid", node_id_to_hex(node_id) + "\n")
        if rsa_channel and self.channel is not None:
            channel = issue_channel_leaf(self.channel, validity)
            write_identity(conf / "channel_cert", "node", channel, self.channel)
        return node_id

    def equip_sdk(self, directory: Path, validity: Validity, *, rsa_channel: bool) -> None:
        """Write a new SDK's key and certificates.

        Args:
            directory: the folder.
            validity: of the certificate.
            rsa_channel: an RSA certificate instead of a secp256k1 one.
        """
        if rsa_channel and self.channel is not None:
            write_identity(directory, "sdk", issue_channel_leaf(self.channel, validity), self.channel)
            return
        identity = issue_sdk(self.authority, validity)
        write_identity(directory, "sdk", identity, self.authority)
        write(directory / "sdk.publickey", node_id_to_hex(node_id_of(identity)) + "\n")
