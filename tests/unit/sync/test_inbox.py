"""Bounded by count and by bytes."""

import asyncio

from hansa.sync.inbox import Inbox


async def test_items_come_out_in_order():
    inbox: Inbox[str] = Inbox(3, 100)
    assert inbox.put("a", 1)
    assert inbox.put("b", 1)
    assert [await inbox.get(), await inbox.get()] == ["a", "b"]


async def test_what_does_not_fit_is_refused_until_something_was_taken():
    inbox: Inbox[str] = Inbox(2, 10)
    assert inbox.put("a", 8)
    assert not inbox.put("b", 3)
    assert inbox.put("c", 2)
    assert not inbox.put("d", 0)
    await inbox.get()
    assert inbox.put("e", 8)


async def test_the_taker_waits():
    inbox: Inbox[str] = Inbox(2, 10)
    taker = asyncio.create_task(inbox.get())
    await asyncio.sleep(0)
    assert not taker.done()
    inbox.put("late", 1)
    assert await taker == "late"
