"""Every public name and submodule of the newest asyncio is there, and of the running Python's."""

from __future__ import annotations

import asyncio as standard
import importlib
import json
import pkgutil
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import pytest

import asyncio_record
from ouroloop import asyncio as ours

# Recorded by tools/asyncio_record.py.
NEWEST: Any = json.loads(Path(__file__).with_name("newest.json").read_text())
PACKAGE: set[str] = set(NEWEST["package"])
SUBMODULES: dict[str, list[str] | None] = NEWEST["submodules"]
ONLY_IN_SUBMODULES = {"base_futures", "selector_events", "staggered"}
# Not in any `__all__`, but documented or widely used.
WITHOUT_ALL = {
    "base_events": {"_run_until_complete_cb"},
    "base_futures": {"isfuture"},
    "base_subprocess": {"BaseSubprocessTransport"},
    "constants": {"SSL_HANDSHAKE_TIMEOUT", "SSL_SHUTDOWN_TIMEOUT"},
    "log": {"logger"},
    "streams": {"FlowControlMixin"},
    "subprocess": {"DEVNULL", "PIPE", "Process", "STDOUT", "SubprocessStreamProtocol"},
    "trsock": {"TransportSocket"},
}


def submodule(name: str) -> Any:
    return importlib.import_module(f"ouroloop.asyncio.{name}")


def test_every_name_of_the_newest_python_is_there() -> None:
    assert PACKAGE - set(ours.__all__) == set()


@pytest.mark.parametrize("name", sorted(ours.__all__))
def test_every_name_in_all_is_there(name: str) -> None:
    assert getattr(ours, name) is not None


def test_every_name_of_the_running_python_is_there() -> None:
    assert set(standard.__all__) - set(ours.__all__) == set()


def test_every_submodule_of_the_newest_python_is_there() -> None:
    missing = {name for name in SUBMODULES if not importlib.util.find_spec(f"ouroloop.asyncio.{name}")}
    assert missing == set()


def test_every_submodule_of_the_running_python_is_there() -> None:
    theirs = {each.name for each in pkgutil.iter_modules(standard.__path__)}
    here = {each.name for each in pkgutil.iter_modules(ours.__path__)}
    assert theirs - asyncio_record.LEFT_OUT - here == set()


@pytest.mark.parametrize("name", sorted(SUBMODULES))
def test_submodule_is_an_attribute_and_has_its_names(name: str) -> None:
    module = submodule(name)
    assert getattr(ours, name) is module
    expected = {*(SUBMODULES[name] or ()), *WITHOUT_ALL.get(name, ())}
    assert {each for each in expected if not hasattr(module, each)} == set()
    assert set(SUBMODULES[name] or ()) <= set(module.__all__)
    assert all(hasattr(module, each) for each in module.__all__)


@pytest.mark.parametrize(
    "name", sorted({name for name, names in SUBMODULES.items() if names} - ONLY_IN_SUBMODULES)
)
def test_package_has_the_very_objects_of_its_submodules(name: str) -> None:
    module = submodule(name)
    for each in module.__all__:
        assert each in ours.__all__
        assert getattr(ours, each) is getattr(module, each)


def test_star_import_binds_every_name() -> None:
    names: dict[str, Any] = {}
    exec("from ouroloop.asyncio import *", names)
    assert set(ours.__all__) <= set(names)


def test_dir_lists_names_and_submodules() -> None:
    assert set(ours.__all__) <= set(dir(ours))
    assert set(dir(ours)) >= SUBMODULES.keys()


def test_no_name_stands_twice() -> None:
    assert len(ours.__all__) == len(set(ours.__all__))


def test_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match=r"module 'ouroloop\.asyncio' has no attribute 'nothing'"):
        _ = ours.nothing


@pytest.mark.parametrize("name", ["AbstractEventLoopPolicy", "DefaultEventLoopPolicy"])
def test_policy_class_warns_only_where_the_running_python_does(name: str) -> None:
    recorded = []
    for module in (standard, ours):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            assert isinstance(getattr(module, name), type)
        recorded.append([(each.category, str(each.message), each.filename) for each in caught])
    assert recorded[0] == recorded[1]


def test_importing_changes_nothing_for_others() -> None:
    script = (
        "import asyncio\n"
        "def state():\n"
        "    names = {name: value for name, value in vars(asyncio).items() if not name.startswith('__')}\n"
        "    events = vars(asyncio.events)\n"
        "    policy_class = asyncio.unix_events._UnixDefaultEventLoopPolicy\n"
        "    return names, events['_event_loop_policy'], policy_class._loop_factory\n"
        "before = state()\n"
        "from ouroloop.asyncio import *\n"
        "assert state() == before\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=30)
