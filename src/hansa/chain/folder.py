"""How the builder writes folders and files.

Rule 1  All or nothing: everything is made in a folder beside the output, which then gets its name.
Rule 2  Key files are readable by their owner only, and so are the folders of authorities.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hansa.chain.certificates import Authority, Identity
from hansa.chain.errors import ChainError

__all__ = ["new_folder", "write", "write_authority", "write_identity"]


@contextmanager
def new_folder(output: Path, mode: int = 0o755) -> Iterator[Path]:
    """A folder to fill, which becomes `output` when the block ends well and vanishes when it does not.

    Raises:
        ChainError: the output exists, or the disk refuses.
    """
    output = output.absolute()
    if output.exists() or output.is_symlink():
        raise ChainError(f"{output} exists already", "Choose another folder with -o, or move this one away")
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        filling = Path(tempfile.mkdtemp(prefix=f".{output.name}.", dir=output.parent))
    except OSError as error:
        raise ChainError(
            f"{output.parent} cannot be written: {error.strerror}", "Choose another folder with -o"
        ) from error
    try:
        yield filling
        filling.chmod(mode)
        filling.rename(output)
    except OSError as error:
        raise ChainError(
            f"{output} cannot be made: {error.strerror}: {error.filename}",
            "See that files are readable, the disk has room, and nobody else makes this folder",
        ) from error
    finally:
        shutil.rmtree(filling, ignore_errors=True)


def write_authority(directory: Path, name: str, authority: Authority) -> None:
    """Write `name.key` and `name.crt`, and close the folder to others."""
    write(directory / f"{name}.key", authority.key_pem(), mode=0o600)
    write(directory / f"{name}.crt", authority.certificates_pem())
    directory.chmod(0o700)


def write_identity(directory: Path, name: str, identity: Identity, issuer: Authority) -> None:
    """Write `name.key`, `name.crt` and the `ca.crt` by which others are checked."""
    write(directory / f"{name}.key", identity.key_pem(), mode=0o600)
    write(directory / f"{name}.crt", identity.certificates_pem())
    write(directory / "ca.crt", issuer.trusted_pem())


def write(path: Path, content: str | bytes, mode: int = 0o644) -> None:
    """Make a file that is not there yet, its folders included. It never is more open than `mode`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content.encode("utf-8") if isinstance(content, str) else content)
