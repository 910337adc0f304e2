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
