"""What the running Python has and how it behaves, where that depends on its version.

The only module that reads `sys.version_info`; every other one imports a constant from here, named for what it
means. It imports nothing else, so anything may import it.
"""

from __future__ import annotations

import sys

# Event loop policies are deprecated in 3.14 and gone in 3.16.
HAS_POLICIES = sys.version_info < (3, 16)
POLICY_IS_DEPRECATED = sys.version_info >= (3, 14)

# `get_child_watcher()` and the watcher classes went in 3.14.
HAS_CHILD_WATCHERS = sys.version_info < (3, 14)

# `asyncio.get_event_loop()` without a running loop makes one in the main thread until 3.13, and fails from
# 3.14 on. From 3.12 on it warns when it makes one.
GET_EVENT_LOOP_CREATES = sys.version_info < (3, 14)
GET_EVENT_LOOP_WARNS = sys.version_info >= (3, 12)

# `asyncio.EventLoop`, the name for whatever the platform's default loop is.
HAS_EVENT_LOOP_NAME = sys.version_info >= (3, 13)

# `throw(type, value, traceback)` of coroutines and of what futures are awaited through.
THREE_ARGUMENTS_OF_THROW_ARE_DEPRECATED = sys.version_info >= (3, 12)

# `create_task` hands the task factory the `name` in 3.13.3 alone and from 3.14 on; elsewhere the loop calls
# `set_name` on what the factory made.
FACTORY_TAKES_NAME = sys.version_info[:3] == (3, 13, 3) or sys.version_info >= (3, 14)

# `unittest.IsolatedAsyncioTestCase.loop_factory` is there from 3.13 on.
TEST_CASE_HAS_LOOP_FACTORY = sys.version_info >= (3, 13)

# `asyncio.iscoroutinefunction` warns in favour of the one in `inspect`, which before 3.12 knew no marked functions.
ISCOROUTINEFUNCTION_IS_DEPRECATED = sys.version_info >= (3, 14)

# `loop.shutdown_default_executor` takes a time limit.
EXECUTOR_SHUTDOWN_HAS_TIMEOUT = sys.version_info >= (3, 12)

# What `asyncio.run` says of something that cannot be awaited: that it takes any awaitable, or only coroutines.
RUN_TAKES_AWAITABLES = sys.version_info >= (3, 14)

# The structures of `_ssl._SSLSocket` and `_ssl.MemoryBIO` begin with the same fields in CPython 3.11 to 3.15: after the
# object's head, a socket and an `SSL *`; and a `BIO *`. A later one may go here once its Modules/_ssl.c was read.
SSL_STRUCTURES_ARE_KNOWN = sys.version_info < (3, 16)

# A server on a Unix socket takes the socket's file with it when it is closed, unless it is told not to.
UNIX_SERVER_REMOVES_ITS_FILE = sys.version_info >= (3, 13)


class Ways:
    """What the loops of newer Pythons do in another way than those of older ones, and ours can do in either."""

    def __init__(self, *, server_waits_for_its_connections: bool, datagram_socket_words: str) -> None:
        # Who waits for a closed server waits for its connections, which end with a cancelled `serve_forever`: from
        # 3.12 on.
        self.server_waits_for_its_connections = server_waits_for_its_connections
        # What an endpoint for datagrams says that it expected when it is given a socket of another kind.
        self.datagram_socket_words = datagram_socket_words


# Of a loop below the running Python's own asyncio, whose programs were written for that.
RUNNING = Ways(
    server_waits_for_its_connections=sys.version_info >= (3, 12),
    datagram_socket_words="A datagram socket" if sys.version_info >= (3, 13) else "A UDP Socket",
)
# Of the loops that `ouroloop.asyncio` makes, on every Python.
NEWEST = Ways(server_waits_for_its_connections=True, datagram_socket_words="A datagram socket")
