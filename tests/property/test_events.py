"""Registrations may hold anything; a filter finds what a plain reading of the rules finds."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from hansa.channel.handlers import SessionInfo
from hansa.codec import rlp
from hansa.events.filters import EventFilter, InvalidFilter, parse_filter
from hansa.events.subscriptions import SubscriptionBook
from hansa.kernel import Block, Header, Transaction, TransactionList, keccak256

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just("latest"),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)
NAMES = ["filterID", "groupID", "fromBlock", "toBlock", "addresses", "topics"]

ADDRESSES = [bytes([number]) * 20 for number in range(1, 4)]
TOPICS = [bytes([number]) * 32 for number in range(1, 4)]
LOGS = st.lists(
    st.tuples(st.sampled_from(ADDRESSES), st.lists(st.sampled_from(TOPICS), max_size=4)), max_size=4
)
TRANSACTION = Transaction.create(
    b"\x01" * 32,
    nonce=1,
    gas_price=0,
    gas=0,
    block_limit=100,
    to=None,
    value=0,
    data=b"",
    chain_id=1,
    group_id=1,
)


@settings(deadline=None)
@given(st.fixed_dictionaries({}, optional=dict.fromkeys(NAMES, JSON)) | JSON)
def test_any_registration_is_a_filter_or_refused(members):
    try:
        parsed = parse_filter(json.dumps(members).encode())
    except InvalidFilter:
        return
    assert 0 < parsed.group_id <= 32767
    assert len(parsed.topics) <= 4
    assert all(len(topic) == 32 for alternatives in parsed.topics for topic in alternatives)
    assert all(len(address) == 20 for address in parsed.addresses)


@given(st.binary(max_size=100))
def test_noise_is_refused(body):
    try:
        parse_filter(body)
    except InvalidFilter:
        return
    raise AssertionError("no noise is a registration")


def bloom_of(logs) -> bytes:
    bits = 0
    for address, topics in logs:
        for item in (address, *topics):
            digest = keccak256(item)
            for at in (0, 2, 4):
                bits |= 1 << int.from_bytes(digest[at : at + 2], "big") % 2048
    return bits.to_bytes(256, "big")


def executed(logs_of_transactions) -> Block:
    count = len(logs_of_transactions)
    proposed = Block.propose(Header(number=3, timestamp=0), TransactionList.decode([TRANSACTION.raw] * count))
    header, blob, block_hash, _, _ = rlp.decode(proposed.encode())
    receipts = [
        [
            bytes(32),
            0,
            bytes(20),
            bloom_of(logs),
            0,
            b"",
            0,
            [[address, topics, b""] for address, topics in logs],
        ]
        for logs in logs_of_transactions
    ]
    return Block.decode(rlp.encode([header, blob, block_hash, [], receipts]))


@settings(deadline=None)
@given(
    st.lists(LOGS, max_size=4),
    st.lists(st.sampled_from(ADDRESSES), max_size=2),
    st.lists(st.lists(st.sampled_from(TOPICS), max_size=2), max_size=4),
)
def test_a_filter_finds_exactly_what_the_rules_say(logs_of_transactions, addresses, topics):
    expected = [
        (hex(index), hex(log_index))
        for index, logs in enumerate(logs_of_transactions)
        for log_index, (address, log_topics) in enumerate(logs)
        if (not addresses or address in addresses)
        and all(
            not wanted or (position < len(log_topics) and log_topics[position] in wanted)
            for position, wanted in enumerate(topics)
        )
    ]
    found = map(json.loads, executed(logs_of_transactions).event_logs_json(addresses, topics))
    assert [(log["transactionIndex"], log["logIndex"]) for log in found] == expected


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 30), st.none() | st.integers(0, 40)), max_size=8),
    st.integers(1, 5),
    st.integers(1, 4),
)
def test_every_filter_searches_each_of_its_blocks_once(ranges, blocks_max, orders_max):
    book = SubscriptionBook(orders_per_turn_max=orders_max, heights_per_turn_max=6)
    searched: dict[str, list[int]] = {}
    for number, (first, last) in enumerate(ranges):
        wanted = EventFilter(str(number), 1, (), (), first, last if last is None else first + last)
        book.add(SessionInfo(number, "", "", ""), wanted, first)
        searched[str(number)] = []
    for head in (10, 25):
        for _ in range(200):
            orders = book.take_turn(1, head, blocks_max=blocks_max, is_ready=lambda _: True)
            if not orders:
                break
            for order in orders:
                subscription = order.subscription
                searched[subscription.filter.filter_id] += range(order.first, order.last + 1)
                subscription.next_height = order.last + 1
                if subscription.is_completed:
                    book.remove(*subscription.key)
        assert not book.has_work(1, head)
    for number, (first, last) in enumerate(ranges):
        end = 25 if last is None else min(25, first + last)
        assert searched[str(number)] == list(range(first, end + 1))
