"""How hashes and node ids stand in the log."""

__all__ = ["short"]


def short(data: bytes) -> str:
    """The beginning of a hash or node id."""
    return f"{data[:4].hex()}..."
