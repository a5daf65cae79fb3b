from __future__ import annotations

from hansa.channel.receipts import ReceiptBook, WaitingReceipt

ALICE = WaitingReceipt(1, b"a" * 32, with_proof=False)
BOB = WaitingReceipt(2, b"b" * 32, with_proof=True)


def test_a_receipt_is_handed_out_once_with_its_place_in_the_block():
    book = ReceiptBook(10)
    assert book.expect(b"x", ALICE)
    assert book.expect(b"z", BOB)
    assert book.take([b"w", b"x", b"y", b"z"]) == [(1, ALICE), (3, BOB)]
    assert book.take([b"x", b"z"]) == []
    assert len(book) == 0


def test_the_first_to_ask_gets_it():
    book = ReceiptBook(10)
    assert book.expect(b"x", ALICE)
    assert book.expect(b"x", ALICE)
    assert not book.expect(b"x", BOB)
    book.forget(b"x", BOB)
    assert book.take([b"x"]) == [(0, ALICE)]


def test_a_request_can_be_taken_back():
    book = ReceiptBook(10)
    book.expect(b"x", ALICE)
    book.forget(b"x", ALICE)
    assert book.expect(b"x", BOB)
    book.forget(b"unknown", BOB)
    assert book.take([b"x"]) == [(0, BOB)]


def test_what_a_session_waited_for_goes_with_it():
    book = ReceiptBook(10)
    for name in (b"x", b"y"):
        book.expect(name, ALICE)
    book.expect(b"z", BOB)
    book.forget_session(1)
    book.forget_session(1)
    assert book.take([b"x", b"y", b"z"]) == [(2, BOB)]


def test_the_oldest_give_way_when_the_book_is_full():
    book = ReceiptBook(2)
    for name in (b"x", b"y", b"z"):
        book.expect(name, ALICE)
    assert len(book) == 2
    assert book.take([b"x", b"y", b"z"]) == [(1, ALICE), (2, ALICE)]
