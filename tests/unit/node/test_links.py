"""Durable records and the signer."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from hansa.kernel import Suite, keccak256, public_key, recover
from hansa.node.flow_control import FlowControl
from hansa.node.links import DurableRecords, ModuleLink, NodeSigner
from hansa.node.settings import FlowControlSettings
from hansa.p2p import Module
from hansa.primitives import GroupId, NodeId
from hansa.storage import RocksStore

SECRET = keccak256(b"test key of a node")


class Sent:
    """A gateway that notes what is sent."""

    def __init__(self) -> None:
        self.packets: list[dict[str, object]] = []

    def send(self, node: NodeId, **packet: object) -> bool:
        self.packets.append({"node": node, **packet})
        return True


def test_a_link_sends_its_groups_packets_and_counts_them() -> None:
    limits = FlowControlSettings(requests_per_second_max=None, outgoing_bytes_per_second_max=1000)
    flow = FlowControl(limits, clock=lambda: 0.0)
    gateway, node = Sent(), NodeId(bytes(64))
    link = ModuleLink(gateway, Module.BLOCK_SYNC, GroupId(3), flow.add_group(3, limits))  # type: ignore[arg-type]
    assert link.has_room()
    link.send(node, 1, bytes(3999))
    assert link.has_room()
    link.send(node, 1, b"more")
    assert not link.has_room()
    link.send(node, 0, b"goes all the same")
    assert [packet["packet_type"] for packet in gateway.packets] == [1, 1, 0]
    assert {(packet["group"], packet["module"]) for packet in gateway.packets} == {(3, Module.BLOCK_SYNC)}


async def test_a_saved_record_survives_reopening(tmp_path: Path) -> None:
    with ThreadPoolExecutor(1) as threads:
        store = RocksStore(tmp_path)
        records = DurableRecords(store, threads)
        assert records.load("vote") is None
        await records.save("vote", b"first")
        await records.save("vote", b"second")
        await records.save("prepared", b"block")
        store.close()
        store = RocksStore(tmp_path)
        again = DurableRecords(store, threads)
        assert again.load("vote") == b"second"
        assert again.load("prepared") == b"block"
        store.close()


def test_signatures_recover_the_node() -> None:
    digest = keccak256(b"digest")
    assert recover(digest, NodeSigner(SECRET).sign(digest)) == public_key(SECRET)
    signature = NodeSigner(SECRET, Suite.SM).sign(digest)
    assert recover(digest, signature, suite=Suite.SM) == public_key(SECRET, suite=Suite.SM)


def test_the_secret_is_not_shown() -> None:
    assert SECRET.hex() not in repr(NodeSigner(SECRET))
