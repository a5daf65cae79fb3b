"""The node's process: files in, a running node, an exit status.

0  ended in order (SIGTERM, SIGINT)
1  could not start, or had to stop; the reason is printed and logged
"""

# The curve list must be known before OpenSSL is first imported, which nearly everything below does.
from hansa.channel.openssl_config import install_openssl_config

install_openssl_config()

import asyncio  # noqa: E402
import gc  # noqa: E402
import logging  # noqa: E402
import signal  # noqa: E402
import sys  # noqa: E402
from collections.abc import Iterator  # noqa: E402
from pathlib import Path  # noqa: E402

import uvloop  # noqa: E402

from hansa import __version__  # noqa: E402
from hansa.channel.errors import ChannelError  # noqa: E402
from hansa.codec.ini import SettingsError  # noqa: E402
from hansa.ledger.errors import LedgerError  # noqa: E402
from hansa.node.assembly import running_node  # noqa: E402
from hansa.node.log import configure_logging  # noqa: E402
from hansa.node.settings import NodeSettings, load_node_settings  # noqa: E402
from hansa.p2p import P2pError  # noqa: E402
from hansa.storage import StorageError  # noqa: E402

__all__ = ["run"]

logger = logging.getLogger("hansa.node")

_EXPECTED = (SettingsError, ChannelError, P2pError, StorageError, LedgerError, OSError)
"""What a file, a disk, a port or a peer can do to a node; anything else is a defect and gets a traceback."""


def run(config: Path) -> int:
    """Run the node of a config.ini until it is told to end; the exit status.

    Raises:
        SettingsError: the file cannot be followed.
    """
    settings = load_node_settings(config)
    configure_logging(settings.log)
    for warning in settings.warnings:
        logger.warning("%s", warning)
    _say(f"Initializing with {settings.file}, Hansa {__version__}")
    try:
        uvloop.run(_serve(settings))
    except SettingsError:
        raise
    except BaseException as error:
        return _explain(error)
    _say("program exit normally.")
    return 0


async def _serve(settings: NodeSettings) -> None:
    loop = asyncio.get_running_loop()
    async with running_node(settings) as (node, ended):
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, node.stop)
        # What stands now stays: the collector need not look at it again.
        gc.freeze()
        for reason in node.left_out:
            _say(f"a group is left out: {reason}")
        _say(f"The node {node.gateway.node_id.hex()[:8]}... is running")
        await ended


def _explain(error: BaseException) -> int:
    """Print why the node ends, with a traceback only when nobody expected it."""
    leaves = list(_leaves(error))
    for leaf in leaves:
        is_expected = isinstance(leaf, _EXPECTED) or isinstance(leaf.__cause__, _EXPECTED)
        reason = str(leaf) or type(leaf).__name__
        if not isinstance(leaf, _EXPECTED) and leaf.__cause__ is not None:
            reason += f": {leaf.__cause__}"
        logger.critical("the node stops: %s", reason, exc_info=None if is_expected else leaf)
        _say(f"the node stops: {reason}")
    _say("Init failed" if not leaves else "program exit with an error.")
    return 1


def _leaves(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _leaves(inner)
    else:
        yield error


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
