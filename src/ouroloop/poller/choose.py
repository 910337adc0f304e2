"""Which kind of poller a loop gets: the one asked for, else `OUROLOOP_POLLER`, else the best that the system has."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ouroloop.poller.poll import PollPoller

if TYPE_CHECKING:
    from collections.abc import Callable

    from ouroloop.poller.poller import Poller

KINDS: dict[str, Callable[[], Poller]] = {"poll": PollPoller}
try:
    from ouroloop.poller.epoll import EpollPoller
except ImportError:  # a system without <sys/epoll.h>
    pass
else:
    KINDS = {"epoll": EpollPoller, **KINDS}


def open_poller(kind: str | None = None) -> Poller:
    """Opens a poller of the kind named: "epoll" or "poll".

    None takes the one that the environment variable `OUROLOOP_POLLER` names, or else the first that this system has.
    Raises ValueError for a kind that is unknown here.
    """
    name = kind or os.environ.get("OUROLOOP_POLLER") or next(iter(KINDS))
    try:
        opener = KINDS[name]
    except KeyError:
        known = ", ".join(KINDS)
        raise ValueError(f"unknown poller {name!r}: this system has {known}") from None
    return opener()
