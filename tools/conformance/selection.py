"""Which of CPython's tests say something about another event loop, and why the others do not.

Left out is what never meets the loop under test: tests of other platforms, of classes that only the standard
library has, of the same thing a second time over another selector or over the pure-Python future and task,
and tests that start an interpreter in which nothing is swapped.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

# Whole modules.
MODULES_LEFT_OUT = {
    "test_selector_events": "drives the standard library's transport classes with mock selectors",
    "test_proactor_events": "drives Windows transports with mocks",
    "test_windows_events": "Windows",
    "test_windows_utils": "Windows",
    "test_tools": "formats records of another process; no loop takes part",
}

_OTHER_SELECTORS = {
    "SelectEventLoopTests",
    "PollEventLoopTests",
    "KqueueEventLoopTests",
    "ProactorEventLoopTests",
}

# The same tests over another selector, over Windows transports or over the pure-Python classes.
VARIANTS_LEFT_OUT: dict[str, set[str]] = {
    "test_events": {*_OTHER_SELECTORS, "TestPyGetEventLoop"},
    "test_sendfile": _OTHER_SELECTORS,
    "test_sock_lowlevel": _OTHER_SELECTORS,
    "test_buffered_proto": {"BufferedProtocolProactorTests"},
    "test_server": {"ProactorStartServerTests"},
    "test_server_context": {
        "AsyncioProactorEventLoopTests",
        "AsyncioProactorEventLoopSSLTests",
        "AsyncioSelectorEventLoopTests",
        "AsyncioSelectorEventLoopSSLTests",
    },
    "test_sslproto": {"ProactorStartTLSTests"},
    "test_eager_task_factory": {"PyEagerTaskFactoryLoopTests", "NonEagerPyTaskTests", "EagerPyTaskTests"},
    "test_futures": {"PyFutureTests", "PyFutureDoneCallbackTests", "PyFutureInheritanceTests"},
    "test_futures2": {"PyFutureTests"},
    "test_tasks": {
        "CTaskSubclass_PyFuture_Tests",
        "PyTask_CFutureSubclass_Tests",
        "CTask_PyFuture_Tests",
        "PyTask_CFuture_Tests",
        "PyTask_PyFuture_Tests",
        "PyTask_PyFuture_SubclassTests",
        "PyIntrospectionTests",
        "PyCurrentLoopTests",
    },
    "test_free_threading": {"TestPyFreeThreading", "TestEagerPyFreeThreading"},
    "test_graph": {"TestCallStackPy"},
    "test_subprocess": {
        "SubprocessProactorTests",
        "SubprocessSafeWatcherTests",
        "SubprocessFastWatcherTests",
        "SubprocessPidfdWatcherTests",
        "MultiLoopChildWatcherTests",
    },
}

# Classes that test private parts from their first line to their last.
PRIVATE_LEFT_OUT: dict[str, dict[str, str]] = {
    "test_base_events": {
        "BaseEventTests": "base_events._ipaddr_info",
        "TestSelectorUtils": "base_events._set_nodelay",
        "BaseLoopSockSendfileTests": "_sock_sendfile_native and _sock_sendfile_fallback",
    },
    "test_unix_events": {
        "SelectorEventLoopSignalTests": "a mock of asyncio.unix_events.signal",
        "SelectorEventLoopUnixSockSendfileTests": "_sock_sendfile_native_impl",
        "UnixReadPipeTransportTests": "_UnixReadPipeTransport on a mock loop",
        "UnixWritePipeTransportTests": "_UnixWritePipeTransport on a mock loop",
        "AbstractChildWatcherTests": "child watchers",
        "BaseChildWatcherTests": "child watchers",
        "ChildWatcherTestsMixin": "child watchers over a mock of os.waitpid",
        "SafeChildWatcherTests": "child watchers over a mock of os.waitpid",
        "FastChildWatcherTests": "child watchers over a mock of os.waitpid",
        "PidfdChildWatcherTests": "child watchers",
        "PolicyTests": "the policy's _watcher",
    },
    "test_subprocess": {
        "TestSubprocessTransport": "base_subprocess",
        "SubprocessTransportTests": "base_subprocess with a mock process",
        "GenericWatcherTests": "child watchers",
    },
    "test_sslproto": {"SslProtoHandshakeTests": "sslproto.SSLProtocol"},
}

# Tests that cannot be met with anything but the standard library's parts.
TESTS_LEFT_OUT = {
    # These start an interpreter that imports the standard library's asyncio as it is.
    "test_base_events.BaseEventLoopTests.test_env_var_debug",
    "test_tasks.CompatibilityTests.test_env_var_debug",
    "test_tasks.CoroutineGatherTests.test_env_var_debug",
    "test_eager_task_factory.CEagerTaskFactoryLoopTests.test_issue105987",
    # These look into a bare BaseEventLoop that blocks in a mock, or has no selector at all.
    "test_base_events.BaseEventLoopTests.test__run_once",
    "test_base_events.BaseEventLoopTests.test__run_once_cancelled_event_cleanup",
    "test_base_events.BaseEventLoopTests.test_custom_run_forever_integration",
    "test_base_events.BaseEventLoopTests.test_not_implemented",
    "test_base_events.BaseEventLoopTests.test_run_forever_pre_stopped",
    "test_base_events.BaseEventLoopTests.test_single_selecter_event_callback_after_stopping",
}

# Tests that run a loop and stand outside test_asyncio, by the names that one Python or another gives them.
ELSEWHERE: dict[str, tuple[str, ...]] = {
    "test_asyncgen": ("test.test_asyncgen",),
    "test_contextlib_async": ("test.test_contextlib_async",),
    "test_coroutines": ("test.test_coroutines",),
    "test_async_case": ("test.test_unittest.test_async_case", "unittest.test.test_async_case"),
    "testasync": ("test.test_unittest.testmock.testasync", "unittest.test.testmock.testasync"),
}


def is_variant(module: str, class_name: str) -> bool:
    return class_name in VARIANTS_LEFT_OUT.get(module, ())


def classes_left_out(module: str) -> set[str]:
    """The classes whose source goes away before the module is compiled.

    Those of test_subprocess refer to each other while the module is executed, so there variants are only
    left out of the suite.
    """
    variants = set() if module == "test_subprocess" else VARIANTS_LEFT_OUT.get(module, set())
    return variants | set(PRIVATE_LEFT_OUT.get(module, ()))


def test_modules() -> list[str]:
    """The short names of all modules to run, in the order they run in.

    Raises FileNotFoundError when the interpreter came without CPython's tests.
    """
    try:
        spec = find_spec("test.test_asyncio")
    except ModuleNotFoundError:
        spec = None
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError("this Python came without its tests (Debian: libpython3-testsuite)")
    folder = Path(spec.submodule_search_locations[0])
    inside = sorted(file.stem for file in folder.glob("test_*.py"))
    return [name for name in inside if name not in MODULES_LEFT_OUT] + list(ELSEWHERE)
