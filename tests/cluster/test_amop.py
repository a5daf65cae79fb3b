"""SDKs talk through real nodes: across two of them, within one, in private (client protocol §7)."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable

import pytest

from hansa.channel.client import ChannelClient
from hansa.channel.client_protocol import AmopArrived
from hansa.channel.frames import Frame, FrameType, ResultCode, encode_topic_data
from tests.cluster.clients import connect, until
from tests.cluster.harness import Cluster

pytestmark = pytest.mark.cluster

PRIVATE = "#!$TopicNeedVerify_orders"
CHANNEL = f"#!$VerifyChannel_{PRIVATE}_{'a' * 32}"
PUBLISHER = f"#!$PushChannel_{PRIVATE}"


class Sdk:
    """A client that keeps what arrives and answers unicasts."""

    def __init__(self, client: ChannelClient, answer: Callable[[bytes], bytes] | None = None) -> None:
        self.client = client
        self.heard: list[AmopArrived] = []
        self._answer = answer
        client.on_amop = self._hear

    def _hear(self, message: AmopArrived) -> None:
        self.heard.append(message)
        if message.frame.type == FrameType.AMOP_UNICAST and self._answer is not None:
            data = encode_topic_data(message.topic, self._answer(message.payload))
            self.client.send_frame(Frame(FrameType.AMOP_ANSWER, message.frame.seq, 0, data))

    async def ask(self, topic: str, payload: bytes) -> AmopArrived:
        """Send a unicast until it is answered.

        One that is under way while two nodes settle on one of their two sessions, just after their start, is
        lost, and its sender is told so.
        """
        for _ in range(5):
            answer = await self.send(topic, payload)
            if answer.frame.result != ResultCode.NO_REMOTE_NODE:
                break
        return answer

    async def send(self, topic: str, payload: bytes, type: FrameType = FrameType.AMOP_UNICAST) -> AmopArrived:
        """Send a message; what the node answered with its seq."""
        seq = self.client.send_amop(type, topic, payload)

        def answers() -> list[AmopArrived]:
            return [message for message in self.heard if message.frame.seq == seq]

        await until(answers, f"an answer to a message to {topic}", 40)
        return answers()[0]

    def payloads(self, type: FrameType) -> list[bytes]:
        return [message.payload for message in self.heard if message.frame.type == type]


def topics_shown(cluster: Cluster, index: int) -> set[str]:
    """What node `index` shows of all its peers."""
    return {topic for peer in cluster.rpc(index, "getPeers", 1) for topic in peer["Topic"]}


async def gossip(cluster: Cluster, index: int, topic: str, *, is_there: bool = True) -> None:
    for _ in range(100):
        if (topic in await asyncio.to_thread(topics_shown, cluster, index)) is is_there:
            return
        await asyncio.sleep(0.1)
    raise AssertionError(f"node{index} does not hear about {topic}")


async def test_two_sdks_on_two_nodes(shared_cluster: Cluster) -> None:
    async with connect(shared_cluster, 0) as one, connect(shared_cluster, 2) as two:
        sender, follower = Sdk(one), Sdk(two, bytes.upper)
        two.set_topics(["greetings", "_block_notify_1"])
        await gossip(shared_cluster, 0, "greetings")
        assert {"greetings", "_block_notify_1"} <= set(shared_cluster.rpc(2, "getNodeInfo")["Topic"])

        answer = await sender.ask("greetings", b"ping")
        assert (answer.frame.type, answer.frame.result) == (FrameType.AMOP_ANSWER, 0)
        assert (answer.topic, answer.payload) == ("greetings", b"PING")

        large = os.urandom(5 << 20)
        follower._answer = lambda payload: payload[::-1]
        assert (await sender.ask("greetings", large)).payload == large[::-1]

        confirmed = await sender.send("greetings", b"to all", FrameType.AMOP_MULTICAST)
        assert (confirmed.frame.result, confirmed.payload) == (0, b"to all")
        await until(lambda: follower.payloads(FrameType.AMOP_MULTICAST) == [b"to all"], "the multicast")

        assert (await sender.send("nobody", b"?")).frame.result == 100
        assert (await sender.send("nobody", b"?", FrameType.AMOP_MULTICAST)).frame.result == 103
    await gossip(shared_cluster, 0, "greetings", is_there=False)


async def test_two_sdks_on_one_node(shared_cluster: Cluster) -> None:
    async with connect(shared_cluster, 1) as one, connect(shared_cluster, 1) as two:
        sender, follower = Sdk(one), Sdk(two, bytes.upper)
        for client in (one, two):
            client.set_topics(["local"])
        await until(lambda: "local" in shared_cluster.rpc(1, "getNodeInfo")["Topic"], "the subscription")
        assert (await sender.ask("local", b"ping")).payload == b"PING"
        assert (await sender.send("local", b"all", FrameType.AMOP_MULTICAST)).payload == b"all"
        await until(lambda: follower.payloads(FrameType.AMOP_MULTICAST) == [b"all"], "the multicast")
        assert sender.payloads(FrameType.AMOP_MULTICAST) == [], "nobody gets his own message"


async def test_a_follower_that_does_not_answer_is_replaced_by_one_that_does(shared_cluster: Cluster) -> None:
    async with (
        connect(shared_cluster, 0) as one,
        connect(shared_cluster, 3) as two,
        connect(shared_cluster, 3) as three,
    ):
        sender, silent, follower = Sdk(one), Sdk(two), Sdk(three, bytes.upper)
        for client in (two, three):
            client.set_topics(["shared"])
        await gossip(shared_cluster, 0, "shared")
        for _ in range(4):
            assert (await sender.ask("shared", b"ping")).payload == b"PING"
            if silent.heard:
                break
        assert follower.heard


@pytest.mark.parametrize("subscriber_node", [0, 2])
async def test_a_private_topic(shared_cluster: Cluster, subscriber_node: int) -> None:
    """Publisher on node0; nobody gets a message before the publisher vouched for him."""
    async with connect(shared_cluster, 0) as one, connect(shared_cluster, subscriber_node) as two:
        publisher, subscriber = Sdk(one), Sdk(two, lambda challenge: b"signed " + challenge)
        two.set_topics([PRIVATE, CHANNEL])
        if subscriber_node:
            await gossip(shared_cluster, 0, CHANNEL)
        one.set_topics([PUBLISHER])
        await until(lambda: publisher.heard, "the question to the publisher")
        question = publisher.heard[0].frame
        assert question.type == FrameType.VERIFY_REQUEST
        body = json.loads(question.data)
        assert body["nodeId"] == shared_cluster.rpc(subscriber_node, "getNodeInfo")["NodeID"]
        assert (body["topic"], body["topicForCert"]) == (PRIVATE, CHANNEL)
        assert (await publisher.send(PRIVATE, b"too early")).frame.result == 100

        one.send_frame(Frame(FrameType.VERIFY_REQUEST, question.seq, 0, b""))
        assert (await publisher.ask(body["topicForCert"], b"random")).payload == b"signed random"
        verdict = json.dumps({"checkResult": 0, "nodeId": body["nodeId"], "topic": PRIVATE}).encode()
        one.send_frame(Frame(FrameType.VERIFY_VERDICT, question.seq, 0, verdict))
        assert (await publisher.ask(PRIVATE, b"secret")).payload == b"signed secret"
        await publisher.send(PRIVATE, b"for all", FrameType.AMOP_MULTICAST)
        await until(lambda: b"for all" in subscriber.payloads(FrameType.AMOP_MULTICAST), "the multicast")
        if subscriber_node:
            assert PRIVATE in topics_shown(shared_cluster, 0)
            assert PRIVATE not in topics_shown(shared_cluster, 1), "node1 has no publisher"
        else:
            assert PRIVATE in shared_cluster.rpc(0, "getNodeInfo")["Topic"]
    if subscriber_node:
        await gossip(shared_cluster, 0, CHANNEL, is_there=False)
