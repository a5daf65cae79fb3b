"""Whose turn it is, and how much it may search."""

from __future__ import annotations

from hansa.channel.handlers import SessionInfo
from hansa.events.filters import EventFilter
from hansa.events.subscriptions import SearchOrder, Subscription, SubscriptionBook


def session(number: int) -> SessionInfo:
    return SessionInfo(number, f"127.0.0.1:{number}", "CN=sdk", "")


def wanted(filter_id: str, *, group: int = 1, last: int | None = None) -> EventFilter:
    return EventFilter(filter_id, group, addresses=(), topics=(), first=None, last=last)


def ready(_: Subscription) -> bool:
    return True


def turn(book: SubscriptionBook, head: int, *, group: int = 1, blocks: int = 3) -> list[SearchOrder]:
    orders = book.take_turn(group, head, blocks_max=blocks, is_ready=ready)
    for order in orders:
        order.subscription.next_height = order.last + 1
    return orders


def ranges(orders: list[SearchOrder]) -> list[tuple[str, int, int]]:
    return [(order.subscription.filter.filter_id, order.first, order.last) for order in orders]


def test_a_filter_catches_up_a_few_blocks_a_turn_and_then_waits() -> None:
    book = SubscriptionBook()
    assert book.add(session(1), wanted("a"), 2)
    assert ranges(turn(book, 9)) == [("a", 2, 4)]
    assert ranges(turn(book, 9)) == [("a", 5, 7)]
    assert book.has_work(1, 9)
    assert ranges(turn(book, 9)) == [("a", 8, 9)]
    assert not book.has_work(1, 9)
    assert turn(book, 9) == []
    assert ranges(turn(book, 10)) == [("a", 10, 10)]


def test_a_range_ends_where_it_was_to_end() -> None:
    book = SubscriptionBook()
    book.add(session(1), wanted("a", last=3), 2)
    (order,) = turn(book, 9)
    assert (order.first, order.last) == (2, 3)
    assert order.subscription.is_completed


def test_filters_take_turns() -> None:
    book = SubscriptionBook(orders_per_turn_max=2)
    for filter_id in "abc":
        book.add(session(1), wanted(filter_id), 0)
    seen = [[order[0] for order in ranges(turn(book, 100))] for _ in range(3)]
    assert seen == [["a", "b"], ["c", "a"], ["b", "c"]]


def test_a_turn_reads_a_bounded_number_of_different_blocks() -> None:
    book = SubscriptionBook(heights_per_turn_max=4)
    for number in range(10):
        book.add(session(1), wanted(str(number)), 100 * number)
    orders = turn(book, 1000, blocks=2**62)
    assert ranges(orders) == [("0", 0, 3)]
    live = SubscriptionBook(heights_per_turn_max=4)
    for number in range(10):
        live.add(session(1), wanted(str(number)), 7)
    assert len(turn(live, 7)) == 10


def test_a_filter_whose_client_cannot_be_told_is_passed_over() -> None:
    book = SubscriptionBook()
    book.add(session(1), wanted("slow"), 1)
    book.add(session(2), wanted("fast"), 1)
    orders = book.take_turn(
        1, 1, blocks_max=3, is_ready=lambda subscription: subscription.session.session_id != 1
    )
    assert ranges(orders) == [("fast", 1, 1)]
    assert ranges(turn(book, 1)) == [("slow", 1, 1), ("fast", 1, 1)]


def test_groups_are_apart() -> None:
    book = SubscriptionBook()
    book.add(session(1), wanted("a", group=1), 1)
    book.add(session(1), wanted("b", group=2), 1)
    assert ranges(turn(book, 1, group=2)) == [("b", 1, 1)]
    book.forget_group(1)
    assert not book.has_work(1, 1)
    assert len(book) == 1


def test_filters_are_bounded_by_session_and_in_all() -> None:
    book = SubscriptionBook(per_session_max=2, in_total_max=3)
    assert [book.add(session(1), wanted(filter_id), 0) for filter_id in "aba"] == [True] * 3
    assert not book.add(session(1), wanted("c"), 0)
    assert book.add(session(2), wanted("c"), 0)
    assert not book.add(session(3), wanted("c"), 0)
    book.forget_session(1)
    assert len(book) == 1
    assert book.add(session(1), wanted("d"), 0)
    book.forget_group(1)
    assert len(book) == 0
    assert book.add(session(1), wanted("d"), 0)


def test_a_filter_with_the_same_id_takes_the_others_place() -> None:
    book = SubscriptionBook()
    book.add(session(1), wanted("a"), 0)
    (old,) = turn(book, 0)
    book.add(session(1), wanted("a", group=2), 0)
    assert not book.is_current(old.subscription)
    (new,) = turn(book, 0, group=2)
    assert book.is_current(new.subscription)
    assert not book.has_work(1, 100)
    book.remove(1, "a")
    assert not book.is_current(new.subscription)
    book.remove(1, "a")
