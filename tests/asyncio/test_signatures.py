"""What can be called takes the newest Python's arguments, by the same names, on every Python."""

from __future__ import annotations

import asyncio as standard
import json
import warnings
from pathlib import Path
from typing import Any

import pytest

import asyncio_record
from ouroloop import asyncio as ours
from ouroloop.versions import UNIX_SERVER_REMOVES_ITS_FILE

NEWEST: dict[str, str | None] = json.loads(Path(__file__).with_name("newest.json").read_text())["signatures"]

# Ours takes more than the newest Python's, or names what that one names otherwise.
MORE: dict[str, tuple[str, str]] = {
    "BaseEventLoop": ("(*, poller=None)", "which poller it waits on can be chosen"),
    "BaseEventLoop.create_unix_server": (
        str(NEWEST["SelectorEventLoop.create_unix_server"]).replace(
            "cleanup_socket=True", f"cleanup_socket={UNIX_SERVER_REMOVES_ITS_FILE}"
        ),
        "the selector loop's, which the standard library's base class lacks; the default is the running Python's",
    ),
}
MORE_OF_EVERY_LOOP = {
    "create_task": (
        "(coro, *, name=None, context=None, eager_start=None, **others)",
        "names what a task without a factory takes",
    ),
    "sock_recv": ("(sock, nbytes)", "as the abstract class and the documentation name it"),
}
for loop_class in ("BaseEventLoop", "EventLoop", "SelectorEventLoop"):
    MORE.update({f"{loop_class}.{name}": value for name, value in MORE_OF_EVERY_LOOP.items()})
del MORE["BaseEventLoop.sock_recv"]
# What the running Python takes less of, or in another spelling: since when it is as the newest one has it, and how.
WIDENED = {
    "create_connection": "3.12: all_errors",
    "create_eager_task_factory": "3.12: the name",
    "create_server": "3.13: keep_alive",
    "create_task": "3.14: every argument goes to the loop's create_task or to the task factory",
    "create_unix_server": "3.13: cleanup_socket",
    "eager_task_factory": "3.14: every argument goes to the task",
    "run": "3.12: loop_factory",
    "shutdown_default_executor": "3.12: timeout",
    "sock_recv": "always: the selector loop names it otherwise than its abstract class",
    "start_tls": "3.12: ssl_shutdown_timeout",
    "Task": "3.12: eager_start",
    "BaseEventLoop": "always: poller",
}


@pytest.fixture(scope="module", autouse=True)
def no_deprecation_warnings() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        yield


def of(namespace: Any) -> dict[str, str | None]:
    """Signatures of what is the namespace's own: a shared contract is the running Python's, whatever that is."""
    found = asyncio_record.signatures(namespace)
    shared = {name for name in ours.__all__ if getattr(ours, name) is getattr(standard, name, None)}
    return {name: signature for name, signature in found.items() if name.partition(".")[0] not in shared}


OURS = of(ours)
STANDARD = of(standard)


def without_position_only(signature: str | None) -> str | None:
    """Methods of compiled classes say of `self` that it has no name; what follows may have one."""
    return signature.replace("(/, ", "(").replace("(/)", "()") if signature is not None else None


@pytest.mark.parametrize("name", sorted(name for name in NEWEST if NEWEST[name] is not None and name in OURS))
def test_signature_is_the_newest_pythons(name: str) -> None:
    expected = MORE[name][0] if name in MORE else NEWEST[name]
    assert without_position_only(OURS[name]) == without_position_only(expected)


@pytest.mark.parametrize("name", sorted(OURS.keys() & STANDARD.keys()))
def test_signature_is_the_running_pythons_but_where_a_newer_one_widened_it(name: str) -> None:
    if name.rpartition(".")[2] in WIDENED:
        assert name in NEWEST
    elif STANDARD[name] is not None:
        assert without_position_only(OURS[name]) == without_position_only(STANDARD[name])


def test_every_method_of_the_newest_python_is_there() -> None:
    classes = {name for name in OURS if isinstance(getattr(ours, name, None), type)}
    expected = {name for name in NEWEST if name.partition(".")[0] in classes}
    assert expected - OURS.keys() == set()


def test_exceptions_to_the_rule_are_needed() -> None:
    assert {name for name in MORE if name in OURS and OURS[name] == NEWEST[name]} == set()
