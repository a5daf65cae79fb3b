"""The line between an SDK and a node: frames over mutual TLS (client protocol §4 – §6).

Reads from the inside out:

    frames.py           bytes ↔ frames, topic prefix, size bounds
    protocol.py         the node's end of a connection, sans-IO
    client_protocol.py  the SDK's end of it, sans-IO
    submissions.py      sendRawTransaction on the fast path: recognise, answer
    receipts.py         who waits for which receipt; the receipt of a refused transaction
    tls_pipe.py         TLS as bytes in, bytes out: one record write per frame
    tls.py              certificates, contexts, issuer check
    tls_failures.py     why a handshake failed, in words
    client_hello.py     what a client offered, for those words
    allow_list.py       which SDK keys may use a group
    openssl_config.py   the curve list, before OpenSSL wakes up
    handlers.py         what the node plugs in: RPC, transactions, events, AMOP
    session.py          one client's socket, from accept to farewell
    server.py           the node's asyncio shell: sessions, batches, pushes
    client.py           the SDK's asyncio shell

JSON-RPC itself lives in `hansa.rpc`, AMOP routing and event filters behind the hooks of `handlers.py`.

This module imports nothing on purpose: `openssl_config` must be importable before `ssl` and `hashlib` are.
"""
