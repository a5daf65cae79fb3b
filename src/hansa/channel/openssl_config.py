"""The list of key exchange curves, set before OpenSSL wakes up.

SDKs disagree about curves (client protocol §6.4): those written for Node.js and Python offer secp256k1 alone,
Java has it no longer. Python's `ssl` can set exactly one curve, so the list comes from an OpenSSL
configuration file, and OpenSSL reads that once, when `ssl` or `hashlib` is first imported.

Rule 1: the node's entry point imports this module and calls `install_openssl_config` before anything else.
        This module imports neither of the two, nor does the package above it.
Rule 2: a node started otherwise still works: `tls.py` finds out what the process can do and falls back to
        secp256k1 alone, which leaves out only clients with neither that curve nor static RSA.
"""

from __future__ import annotations

import os
import sys
from collections.abc import MutableMapping

__all__ = ["OPENSSL_CONFIG_PATH", "install_openssl_config"]

OPENSSL_CONFIG_PATH = os.path.join(os.path.dirname(os.path.abspath(__file__)), "openssl.cnf")

_WAKES_OPENSSL = ("_ssl", "_hashlib")


def install_openssl_config(environment: MutableMapping[str, str] = os.environ) -> bool:
    """Point OpenSSL to our configuration file; tells whether it will be read.

    An `OPENSSL_CONF` the operator has set stays: there may be a reason for it, such as a certified module.
    False means it was set before, or that OpenSSL is awake already.
    """
    if environment.get("OPENSSL_CONF"):
        return environment["OPENSSL_CONF"] == OPENSSL_CONFIG_PATH
    if any(name in sys.modules for name in _WAKES_OPENSSL):
        return False
    environment["OPENSSL_CONF"] = OPENSSL_CONFIG_PATH
    return True
