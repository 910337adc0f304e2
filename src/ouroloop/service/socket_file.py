"""The file that a bound Unix socket leaves in the file system: one from an earlier run, and the one that is ours.

Nothing but a socket is ever removed, and at the end only the very file that our own socket made.
"""

from __future__ import annotations

import logging
import os
import stat
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import socket

logger = logging.getLogger("asyncio")


def is_abstract(path: str | bytes) -> bool:
    """Whether an address is a name that only the kernel knows, with no file behind it. The path is not empty."""
    return path[0] in (0, "\0")


def remove_stale(path: str | bytes) -> None:
    """Removes the file of a socket that is there already, so that its path can be bound again."""
    if is_abstract(path):
        return
    try:
        if stat.S_ISSOCK(os.stat(path).st_mode):
            os.remove(path)
    except FileNotFoundError:
        pass
    except OSError as error:
        # The folder may allow new files only. Whether the path can be bound is for `bind` to say.
        logger.error("Unable to check or remove stale UNIX socket %r: %r", path, error)


class SocketFile(NamedTuple):
    """A socket's file, known again by what the file system says of it."""

    path: str
    device: int
    number: int

    def remove(self) -> None:
        """Removes the file, unless somebody has removed or replaced it.

        To be called while the socket is open: until then the kernel gives the file's number to no other.
        """
        try:
            if is_same(os.stat(self.path), self):
                os.unlink(self.path)
        except FileNotFoundError:
            pass
        except OSError as error:
            logger.error("Unable to clean up listening UNIX socket %r: %r", self.path, error)


def is_same(found: os.stat_result, file: SocketFile) -> bool:
    return (found.st_dev, found.st_ino) == (file.device, file.number)


def socket_file(sock: socket.socket) -> SocketFile | None:
    """The file of a bound Unix socket; None for one that has none."""
    path = sock.getsockname()
    if not path or is_abstract(path):
        return None
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return None
    # The program may be in another folder by the time that the file is removed.
    return SocketFile(os.path.abspath(path), found.st_dev, found.st_ino)
