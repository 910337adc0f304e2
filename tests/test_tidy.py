"""Each rule of tools/tidy.py can fail, passes what is right, and the project itself breaks none."""

from pathlib import Path

import pytest

import tidy
from sources import Tree

ROOT = Path(__file__).parents[1]

PYPROJECT = '[build-system]\nrequires = ["a>=1"]\n[dependency-groups]\nbuild = ["a>=1"]\n'


def make_tree(root: Path, files: dict[str, str]) -> Tree:
    for path, text in files.items():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return Tree(root)


def messages(root: Path, rule: str, files: dict[str, str]) -> list[str]:
    return [str(finding) for finding in getattr(tidy, rule)(make_tree(root, files))]


def python(*lines: str) -> str:
    return "\n".join(lines) + "\n"


def function_of(line_count: int) -> str:
    return python("def long(", "    a,", "):", *["    pass"] * (line_count - 3))


LOOP = "src/ouroloop/loop/core.py"
POLLER = "src/ouroloop/poller/epoll.pyx"

WRONG = [
    # rule, files, the findings
    ("layering", {LOOP: "import ouroloop.task.task\n"}, [":1: loop imports task"]),
    ("layering", {LOOP: "import os, ouroloop.task as t\n"}, [":1: loop imports task"]),
    ("layering", {LOOP: "\nfrom ouroloop import kernel, service\n"}, [":2: loop imports service"]),
    ("layering", {LOOP: "from ouroloop import (\n    kernel,\n    cli,\n)\n"}, [":1: loop imports cli"]),
    ("layering", {LOOP: "from ouroloop import EventLoop\n"}, [":1: loop imports __init__"]),
    ("layering", {LOOP: "import ouroloop\n"}, [":1: loop imports __init__"]),
    ("layering", {LOOP: "from ..transport import stream\n"}, [":1: loop imports transport"]),
    ("layering", {LOOP: "def f():\n    from ouroloop.sync import locks\n"}, [":2: loop imports sync"]),
    ("layering", {POLLER: "from ouroloop.loop.handle cimport Handle\n"}, [":1: poller imports loop"]),
    ("layering", {POLLER: "cimport ouroloop.loop.handle\n"}, [":1: poller imports loop"]),
    (
        "layering",
        {"src/ouroloop/versions.py": "from ouroloop import kernel\n"},
        [":1: versions imports kernel"],
    ),
    (
        "layering",
        {"src/ouroloop/testing/clock.py": "from ouroloop.introspect import tree\n"},
        [":1: testing imports introspect"],
    ),
    ("layering", {"src/ouroloop/extra/thing.py": ""}, [":1: extra has no place among the layers"]),
    ("sizes", {LOOP: "pass\n" * 601}, [":1: 601 lines"]),
    ("sizes", {"benchmarks/run.py": "pass\n" * 601}, [":1: 601 lines"]),
    ("sizes", {LOOP: "pass\n" + function_of(81) + "pass\n"}, [":2: a function of 81 lines"]),
    (
        "sizes",
        {POLLER: "cdef" + function_of(81)[3:].replace("):", ") noexcept:")},
        [":1: a function of 81 lines"],
    ),
    ("file_names", {"tests/helpers.py": ""}, ["tests/helpers.py:1: helpers names no idea"]),
    ("file_names", {"src/ouroloop/loop/utils.pyx": ""}, [":1: utils names no idea"]),
    ("coroutines", {POLLER: "async def f():\n    pass\n"}, [":1: async def in a native module"]),
    ("coroutines", {POLLER: "cdef class A:\n    async  def f(self):\n        pass\n"}, [":2: async def"]),
    (
        "version_checks",
        {LOOP: "import sys\nif sys.version_info >= (3, 12):\n    pass\n"},
        [":2: a version check"],
    ),
    ("version_checks", {POLLER: "from sys import version_info\n"}, [":1: a version check"]),
    (
        "banned_words",
        {"docs/page.md": "fine\nTO" + "DO: more\n"},
        ["docs/page.md:2: an unfinished-work mark"],
    ),
    ("banned_words", {"Makefile": "# FIX" + "ME\n"}, ["Makefile:1: an unfinished-work mark"]),
    ("banned_words", {LOOP: "path = '/ho" + "me/someone/x'\n"}, [":1: a path into a home folder"]),
    ("native_errors", {POLLER: "cdef int f(int x):\n    return x\n"}, [":1: f returns a C type"]),
    (
        "native_errors",
        {POLLER: "cdef void *f(g=h()):\n    return h(except_=1)\n"},
        [":1: f returns a C type"],
    ),
    (
        "native_errors",
        {POLLER: "cdef class A:\n    cpdef bint is_open(self):\n        pass\n"},
        [":2: is_open"],
    ),
    (
        "native_errors",
        {POLLER: "cdef inline unsigned int f(\n    int x,\n):\n    return x\n"},
        [":1: f returns"],
    ),
    ("native_errors", {"src/ouroloop/loop/core.pxd": "cdef double now(self)\n"}, ["core.pxd:1: now returns"]),
    (
        "native_errors",
        {POLLER: 'cdef extern from "x.h":\n    int g(int x)\n\ncdef int64_t f():\n    return 1\n'},
        [":4: f returns a C type"],
    ),
    ("stubs", {POLLER: '"""Doc."""\ncdef class A:\n    pass\n'}, [":2: visible to Python"]),
    ("stubs", {POLLER: "cdef int x\n\ndef f():\n    pass\n"}, [":3: visible to Python"]),
    ("stubs", {"src/ouroloop/loop/gone.pyi": ""}, ["gone.pyi:1: a stub with no native module"]),
    (
        "build_lists",
        {
            POLLER: "",
            "src/ouroloop/poller/__init__.py": "",
            "src/ouroloop/poller/meson.build": "native_modules = [\n  'poll',\n]\nmore = ['epoll']\n",
        },
        ["epoll.pyx:1: not in native_modules"],
    ),
    (
        "build_lists",
        {POLLER: "", "src/ouroloop/poller/__init__.py": ""},
        ["epoll.pyx:1: not in native_modules"],
    ),
    ("build_lists", {LOOP: ""}, ["src/ouroloop/loop:1: no __init__.py"]),
    (
        "said_twice",
        {"pyproject.toml": PYPROJECT.replace('["a>=1"]', '["a>=2"]', 1), "meson.build": ""},
        ["a>=2 is not in the dependency group"],
    ),
    (
        "said_twice",
        {
            "pyproject.toml": PYPROJECT,
            "meson.build": "project('ouroloop', version: '0.1.0')",
            "src/ouroloop/__init__.py": '\n__version__ = "0.2.0"\n',
        },
        ["__init__.py:2: version 0.2.0 is not the one in meson.build"],
    ),
]

RIGHT = [
    (
        "layering",
        {LOOP: "import os\nfrom ouroloop import kernel, versions\nfrom ouroloop.loop import timers\n"},
    ),
    ("layering", {LOOP: "from . import timers\nfrom ..kernel import clock\nfrom os import service\n"}),
    ("layering", {LOOP: '"""\nimport ouroloop.task\n"""\n# from ouroloop import task\n'}),
    ("layering", {"src/ouroloop/cli.py": "import ouroloop\nfrom ouroloop import service, introspect\n"}),
    ("layering", {"tests/test_x.py": "import ouroloop\n"}),
    ("sizes", {LOOP: "pass\n" * 600, "tests/test_x.py": "pass\n" * 700}),
    ("sizes", {LOOP: function_of(80) + "\n\n" + function_of(80)}),
    ("file_names", {"src/ouroloop/loop/timers.pyx": ""}),
    ("coroutines", {POLLER: "# async def f\ndef f():\n    pass\n", LOOP: "async def f():\n    pass\n"}),
    (
        "version_checks",
        {"src/ouroloop/versions.py": "import sys\nsys.version_info\n", "tests/x.py": "version_info"},
    ),
    ("banned_words", {"docs/page.md": "mastodon, /homework, XXXL\n"}),
    ("native_errors", {POLLER: "cdef int f(int x) noexcept nogil:\n    return x\n"}),
    ("native_errors", {POLLER: "cdef int f(\n    int x,\n) except? -1:\n    return x\n"}),
    ("native_errors", {POLLER: "cdef inline int f() noexcept: return g(1)\n"}),
    (
        "native_errors",
        {POLLER: "cdef object f(int x):\n    pass\ncdef f(int x):\n    pass\ncdef list g():\n    pass\n"},
    ),
    (
        "native_errors",
        {POLLER: "cdef Handle f(int x):\n    pass\ncdef int y = g(1)\ncdef class A(B):\n    pass\n"},
    ),
    (
        "native_errors",
        {POLLER: 'cdef extern from "x.h" nogil:\n    """\n    int f(int x)\n    """\n    int g(int x)\n'},
    ),
    ("stubs", {POLLER: "cdef int f() noexcept:\n    return 1\n"}),
    ("stubs", {POLLER: "cdef class A:\n    pass\n", "src/ouroloop/poller/epoll.pyi": ""}),
    (
        "build_lists",
        {
            POLLER: "",
            "src/ouroloop/poller/__init__.py": "",
            "src/ouroloop/poller/meson.build": "native_modules = ['poll', 'epoll']\n",
        },
    ),
    (
        "said_twice",
        {
            "pyproject.toml": PYPROJECT,
            "meson.build": "project('ouroloop', version: '0.1.0')",
            "src/ouroloop/__init__.py": '__version__ = "0.1.0"\n',
        },
    ),
]


@pytest.mark.parametrize(("rule", "files", "expected"), WRONG)
def test_rule_finds_what_breaks_it(
    tmp_path: Path, rule: str, files: dict[str, str], expected: list[str]
) -> None:
    found = messages(tmp_path, rule, files)
    assert len(found) == len(expected), found
    for message, part in zip(found, expected, strict=True):
        assert part in message


@pytest.mark.parametrize(("rule", "files"), RIGHT)
def test_rule_passes_what_is_right(tmp_path: Path, rule: str, files: dict[str, str]) -> None:
    assert messages(tmp_path, rule, files) == []


def test_every_rule_is_shown_to_fail_and_to_pass() -> None:
    rules = {rule.__name__ for rule in tidy.RULES}
    assert {rule for rule, _, _ in WRONG} == rules
    assert {rule for rule, _ in RIGHT} == rules


def test_the_project_breaks_no_rule() -> None:
    assert [str(finding) for finding in tidy.findings(ROOT)] == []
