"""What can go wrong with a chain.

LedgerError
 ├─ InvalidBlock      a block that breaks the rules; refuse it and whoever sent it
 ├─ StaleBlock        the head moved on meanwhile; drop the work
 └─ ForeignDatabase   the stored chain is not the configured one, or of an unknown layout
"""

__all__ = ["ForeignDatabase", "InvalidBlock", "LedgerError", "StaleBlock"]


class LedgerError(Exception):
    """Base of this package's errors."""


class InvalidBlock(LedgerError):
    """A block that no honest majority can have committed here."""

    def __init__(self, height: int, reason: str) -> None:
        super().__init__(f"block {height}: {reason}")
        self.height = height
        self.reason = reason


class StaleBlock(LedgerError):
    """The block no longer follows the head."""

    def __init__(self, height: int, head: int) -> None:
        super().__init__(f"block {height} does not follow the head {head}")
        self.height = height
        self.head = head


class ForeignDatabase(LedgerError):
    """The data directory belongs to another chain or another version."""
