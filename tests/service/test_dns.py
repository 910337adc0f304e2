"""Names and addresses: `getaddrinfo` and `getnameinfo` give what the socket module gives."""

import asyncio
import concurrent.futures
import contextlib
import itertools
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

Loop = asyncio.AbstractEventLoop
Question = tuple[tuple[Any, Any], dict[str, Any]]

STREAM, DATAGRAM = socket.SOCK_STREAM, socket.SOCK_DGRAM

NUMERIC: list[Question] = [
    (("127.0.0.1", 80), {}),
    (("127.0.0.1", 80), {"type": STREAM}),
    (("127.0.0.1", 80), {"type": DATAGRAM}),
    (("127.0.0.1", 0), {"type": STREAM}),
    (("127.0.0.1", 65535), {"type": STREAM}),
    (("127.0.0.1", None), {"type": STREAM}),
    (("127.0.0.1", "80"), {"type": STREAM}),
    (("127.0.0.1", b"80"), {"type": STREAM}),
    ((b"127.0.0.1", 80), {"type": STREAM}),
    (("127.0.0.1", 80), {"family": socket.AF_INET}),
    (("127.0.0.1", 80), {"family": socket.AF_INET, "type": STREAM, "proto": socket.IPPROTO_TCP}),
    (("127.0.0.1", 80), {"proto": socket.IPPROTO_UDP}),
    (("127.0.0.1", 80), {"type": STREAM, "flags": socket.AI_NUMERICHOST}),
    (("127.0.0.1", 80), {"type": STREAM, "flags": socket.AI_PASSIVE}),
    (("127.0.0.1", 80), {"type": STREAM, "flags": socket.AI_CANONNAME}),
    (("127.0.0.1", 80), {"family": socket.AF_INET6, "type": STREAM, "flags": socket.AI_V4MAPPED}),
    (("0.0.0.0", 80), {"type": STREAM}),
    (("255.255.255.255", 80), {"type": DATAGRAM}),
    (("::1", 80), {}),
    (("::1", 80), {"type": STREAM}),
    (("::1", 80), {"family": socket.AF_INET6, "type": DATAGRAM}),
    (("::", 80), {"type": STREAM}),
    (("::ffff:127.0.0.1", 80), {"type": STREAM}),
    (("2001:DB8::00ff", 80), {"type": STREAM}),
    (("fe80::1", 80), {"type": STREAM}),
    (("fe80::1%1", 80), {"type": STREAM}),
]

UNUSUAL: list[Question] = [
    (("127.1", 80), {"type": STREAM}),
    (("0x7f000001", 80), {"type": STREAM}),
    (("2130706433", 80), {"type": STREAM}),
    (("fe80::1%lo", 80), {"type": STREAM}),
    ((None, 80), {"type": STREAM}),
    ((None, 80), {"type": STREAM, "flags": socket.AI_PASSIVE}),
    ((None, "80"), {"family": socket.AF_INET, "type": STREAM, "flags": socket.AI_PASSIVE}),
]

NAMED: list[Question] = [
    (("localhost", 80), {}),
    (("localhost", 80), {"family": socket.AF_INET, "type": STREAM}),
    (("localhost", "http"), {"type": STREAM}),
    (("127.0.0.1", "http"), {"type": STREAM}),
    (("127.0.0.1", "http"), {}),
    (("127.0.0.1", b"https"), {"type": STREAM}),
    (("::1", "domain"), {"type": DATAGRAM}),
    ((socket.gethostname(), 80), {"type": STREAM}),
]

WRONG: list[Question] = [
    (("256.256.256.256", 80), {"type": STREAM, "flags": socket.AI_NUMERICHOST}),
    (("localhost", 80), {"flags": socket.AI_NUMERICHOST}),
    (("127.0.0.1", "no-such-service"), {"type": STREAM}),
    (("127.0.0.1", "http"), {"type": STREAM, "flags": socket.AI_NUMERICSERV}),
    (("127.0.0.1", 80), {"family": socket.AF_INET6}),
    (("::1", 80), {"family": socket.AF_INET}),
    (("::1%no-such-interface", 80), {"type": STREAM}),
    (("127.0.0.1", 80), {"type": 77}),
    (("127.0.0.1", 80), {"family": 9999}),
    ((None, None), {}),
    (("", 80), {"type": STREAM}),
    (("127.0.0.1 ", 80), {"type": STREAM, "flags": socket.AI_NUMERICHOST}),
    ((":::", 80), {"type": STREAM, "flags": socket.AI_NUMERICHOST}),
    ((5, 80), {}),
    (("127.0.0.1", 1.5), {}),
    (("x" * 300, 80), {"type": STREAM}),
]


def run(loop: Loop, main: Any) -> Any:
    return loop.run_until_complete(asyncio.wait_for(main, 20))


async def outcome_of(answer: Any) -> Any:
    try:
        return await answer
    except Exception as error:
        return type(error), str(error)


def outcome(function: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    try:
        return function(*arguments, **options)
    except Exception as error:
        return type(error), str(error)


@pytest.mark.parametrize(("address", "options"), NUMERIC + UNUSUAL + NAMED + WRONG, ids=str)
def test_getaddrinfo_answers_as_the_socket_module_does(
    loop: Loop, address: tuple[Any, Any], options: dict[str, Any]
) -> None:
    async def main() -> Any:
        return await outcome_of(loop.getaddrinfo(*address, **options))

    assert run(loop, main()) == outcome(socket.getaddrinfo, *address, **options)


def test_questions_in_numbers_are_answered_as_by_the_socket_module(loop: Loop) -> None:
    hosts = [
        "127.0.0.1",
        "0.0.0.0",
        "192.168.010.1",
        "1.2.3",
        "::1",
        "::",
        "2001:DB8::00ff",
        "::ffff:1.2.3.4",
    ]
    ports: list[Any] = [0, 80, 65535, 65536, 70000, -1, True, "80", None]
    families: list[Any] = [0, socket.AF_INET, socket.AF_INET6, int(socket.AF_INET), socket.AF_UNIX]
    kinds: list[Any] = [0, STREAM, DATAGRAM, socket.SOCK_RAW, int(STREAM), STREAM | socket.SOCK_NONBLOCK]
    protocols = [0, socket.IPPROTO_TCP, socket.IPPROTO_UDP, socket.IPPROTO_ICMP]

    async def main() -> None:
        for host, port, family, kind, proto in itertools.product(hosts, ports, families, kinds, protocols):
            asked = (host, port, family, kind, proto)
            options = {"family": family, "type": kind, "proto": proto}
            found = await outcome_of(loop.getaddrinfo(host, port, **options))
            # Told apart with their enumerations.
            assert (asked, repr(found)) == (asked, repr(outcome(socket.getaddrinfo, *asked)))

    run(loop, main())


def test_a_replaced_getaddrinfo_is_asked_for_numbers_too(loop: Loop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **options: ["replaced"])

    async def main() -> Any:
        return await loop.getaddrinfo("127.0.0.1", 80, type=STREAM)

    assert run(loop, main()) == ["replaced"]


def test_getaddrinfo_gives_enumerations_as_the_socket_module_does(loop: Loop) -> None:
    async def main() -> None:
        for host in ("127.0.0.1", "localhost"):
            for family, kind, *_ in await loop.getaddrinfo(host, 80, type=STREAM):
                assert isinstance(family, socket.AddressFamily)
                assert isinstance(kind, socket.SocketKind)

    run(loop, main())


@pytest.mark.only_ouroloop
@pytest.mark.parametrize(("address", "options"), NUMERIC, ids=str)
def test_a_numeric_address_never_leaves_the_loops_thread(
    loop: Loop, address: tuple[Any, Any], options: dict[str, Any]
) -> None:
    threads = set(threading.enumerate())

    async def main() -> None:
        await loop.getaddrinfo(*address, **options)
        assert set(threading.enumerate()) == threads

    run(loop, main())


@pytest.mark.parametrize(
    ("address", "flags"),
    [
        (("127.0.0.1", 80), socket.NI_NUMERICHOST | socket.NI_NUMERICSERV),
        (("127.0.0.1", 80), socket.NI_NUMERICHOST),
        (("127.0.0.1", 80), socket.NI_NUMERICSERV),
        (("127.0.0.1", 80), 0),
        (("::1", 443, 0, 0), socket.NI_NUMERICHOST | socket.NI_NUMERICSERV),
        (("fe80::1", 443, 0, 1), socket.NI_NUMERICHOST | socket.NI_NUMERICSERV),
        (("127.0.0.1", 53), socket.NI_NUMERICHOST | socket.NI_DGRAM),
        (("127.0.0.1", 65000), socket.NI_NUMERICHOST),
        (("192.0.2.1", 80), socket.NI_NUMERICHOST),
        (("192.0.2.1", 80), socket.NI_NAMEREQD | socket.NI_NUMERICSERV),
        (("localhost", 80), socket.NI_NUMERICSERV),
        (("127.0.0.1", "http"), 0),
        (("127.0.0.1",), 0),
        ("127.0.0.1", 0),
        (("127.0.0.1", 80, 0, 0, 0), 0),
        (("127.0.0.1", -1), 0),
    ],
    ids=str,
)
def test_getnameinfo_answers_as_the_socket_module_does(loop: Loop, address: Any, flags: int) -> None:
    async def main() -> Any:
        return await outcome_of(loop.getnameinfo(address, flags))

    assert run(loop, main()) == outcome(socket.getnameinfo, address, flags)


def test_getnameinfo_asks_for_names_unless_told_otherwise(loop: Loop) -> None:
    async def main() -> Any:
        return await loop.getnameinfo(("127.0.0.1", 80))

    assert run(loop, main()) == socket.getnameinfo(("127.0.0.1", 80), 0)


class SlowResolver:
    """Stands in for `socket.getaddrinfo` and keeps the name "slow.test" waiting until it is let go."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.let_go = threading.Event()
        self.asked = threading.Event()
        self.real = socket.getaddrinfo
        monkeypatch.setattr(socket, "getaddrinfo", self)

    def __call__(self, host: Any, *arguments: Any, **options: Any) -> Any:
        if host in ("slow.test", b"slow.test"):
            self.asked.set()
            assert self.let_go.wait(20)
            host = "127.0.0.1"
        return self.real(host, *arguments, **options)


@pytest.fixture
def slow_resolver(monkeypatch: pytest.MonkeyPatch) -> Any:
    resolver = SlowResolver(monkeypatch)
    yield resolver
    resolver.let_go.set()


async def wait_for_thread(event: threading.Event) -> None:
    while not event.is_set():
        await asyncio.sleep(0.001)


def test_a_slow_name_does_not_hold_the_loop_up(loop: Loop, slow_resolver: SlowResolver) -> None:
    async def main() -> None:
        asking = asyncio.ensure_future(loop.getaddrinfo("slow.test", 80, type=STREAM))
        await wait_for_thread(slow_resolver.asked)
        for _ in range(10):
            await asyncio.sleep(0.001)
        assert not asking.done()
        slow_resolver.let_go.set()
        [answer] = await asking
        assert answer[4] == ("127.0.0.1", 80)

    run(loop, main())


def test_a_cancelled_question_frees_its_caller_at_once(loop: Loop, slow_resolver: SlowResolver) -> None:
    async def main() -> None:
        asking = asyncio.ensure_future(loop.getaddrinfo("slow.test", 80))
        await wait_for_thread(slow_resolver.asked)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(loop.getaddrinfo("slow.test", 80), 0.01)

    run(loop, main())


def test_an_answer_that_comes_after_the_loop_was_closed_is_dropped(
    loop: Loop, slow_resolver: SlowResolver
) -> None:
    async def main() -> None:
        asking = asyncio.ensure_future(loop.getaddrinfo("slow.test", 80))
        await wait_for_thread(slow_resolver.asked)
        asking.cancel()
        await asyncio.wait({asking})

    run(loop, main())
    loop.close()
    slow_resolver.let_go.set()


@pytest.mark.only_ouroloop
def test_slow_names_starve_nobody_elses_executor(loop: Loop, slow_resolver: SlowResolver) -> None:
    async def main() -> None:
        loop.set_default_executor(concurrent.futures.ThreadPoolExecutor(1))
        asking = [asyncio.ensure_future(loop.getaddrinfo("slow.test", 80)) for _ in range(64)]
        await wait_for_thread(slow_resolver.asked)
        assert await loop.run_in_executor(None, lambda: "served") == "served"
        slow_resolver.let_go.set()
        await asyncio.gather(*asking)
        await loop.shutdown_default_executor()

    run(loop, main())


@pytest.mark.only_ouroloop
def test_a_busy_executor_delays_no_name(loop: Loop) -> None:
    async def main() -> None:
        busy = threading.Event()
        loop.set_default_executor(concurrent.futures.ThreadPoolExecutor(1))
        working = loop.run_in_executor(None, busy.wait, 20)
        assert await loop.getaddrinfo("localhost", 80)
        assert await loop.getnameinfo(("127.0.0.1", 80))
        assert not working.done()
        busy.set()
        await working
        await loop.shutdown_default_executor()

    run(loop, main())


@pytest.mark.only_ouroloop
def test_a_slow_name_does_not_hold_up_the_end_of_the_program(
    loop_factory: Callable[[], Loop], slow_resolver: SlowResolver
) -> None:
    """python/cpython#112169: a cancelled look-up used to be waited for by the executor's shutdown."""

    async def main() -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.get_running_loop().getaddrinfo("slow.test", 80), 0.05)

    started = time.monotonic()
    with asyncio.Runner(loop_factory=loop_factory) as runner:
        runner.run(main())
    assert time.monotonic() - started < 5
    slow_resolver.let_go.set()


def test_debug_mode_gives_the_same_answers(loop: Loop) -> None:
    async def main() -> None:
        answer = await loop.getaddrinfo("localhost", 80, type=STREAM)
        assert answer == socket.getaddrinfo("localhost", 80, type=STREAM)

    loop.set_debug(True)
    run(loop, main())


def test_many_names_at_once(loop: Loop) -> None:
    async def main() -> None:
        answers = await asyncio.gather(
            *(loop.getaddrinfo("localhost", port, type=STREAM) for port in range(200))
        )
        assert [answer[0][4][1] for answer in answers] == list(range(200))

    run(loop, main())


@pytest.mark.parametrize("ask", ["getaddrinfo", "getnameinfo"])
def test_a_closed_loop_answers_nothing(loop_factory: Callable[[], Loop], ask: str) -> None:
    closed, loop = loop_factory(), loop_factory()
    closed.close()
    question = closed.getaddrinfo(None, 80) if ask == "getaddrinfo" else closed.getnameinfo(("127.0.0.1", 80))
    with pytest.raises(RuntimeError, match=r"^Event loop is closed$"):
        loop.run_until_complete(question)
    loop.close()


def test_flags_that_are_no_number_are_refused(loop: Loop) -> None:
    flags: Any = None
    with pytest.raises(TypeError, match=r"^'NoneType' object cannot be interpreted as an integer$"):
        loop.run_until_complete(loop.getnameinfo(("127.0.0.1", 80), flags))
    loop.run_until_complete(loop.shutdown_default_executor())


def test_a_host_of_another_type_is_for_the_system_to_refuse(loop: Loop) -> None:
    host: Any = loop.create_future()
    with pytest.raises(TypeError, match=r"^getaddrinfo\(\) argument 1 must be string or None$"):
        loop.run_until_complete(loop.getaddrinfo(host, 80))
    loop.run_until_complete(loop.shutdown_default_executor())


@pytest.mark.parametrize("name", ["getaddrinfo", "getnameinfo"])
def test_a_question_is_named_after_its_method(loop: Loop, name: str) -> None:
    question = getattr(loop, name)(("127.0.0.1", 1), 0)
    question.close()
    assert question.__name__ == name
