"""Which kind of poller a loop gets: the one asked for, else `OUROLOOP_POLLER`, else the best that the system has."""

from __future__ import annotations

import os
import select
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from ouroloop.poller.poller import Poller


# Each kind is imported when it is opened: a program needs one.
def _open_epoll() -> Poller:
    from ouroloop.poller.epoll import EpollPoller

    return EpollPoller()


def _open_poll() -> Poller:
    from ouroloop.poller.poll import PollPoller

    return PollPoller()


KINDS: dict[str, Callable[[], Poller]] = {"poll": _open_poll}
if hasattr(select, "epoll"):
    KINDS = {"epoll": _open_epoll, **KINDS}


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
