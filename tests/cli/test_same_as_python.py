"""`ouroloop run` does with a program what `python` does, to the byte of its output and to its exit code."""

from __future__ import annotations

import os
import py_compile
import signal
import sys
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

if TYPE_CHECKING:
    from .conftest import Launcher

Write = Callable[[str, str], Path]


class Program(NamedTuple):
    source: str
    returncode: int
    # A part of what both print, so that two empty outcomes do not pass for the same.
    shows: bytes = b""


MAIN_MODULE = """
import os, sys
here = sys.modules["__main__"]
print(here.__dict__ is globals(), __name__, __file__, __package__, __builtins__)
print(here.__spec__ and here.__spec__.name, type(__loader__), getattr(__loader__, "path", None))
print(sorted(globals()))
print(sys.argv, sys.orig_argv, sys.executable, sys.path, sys.flags, sys.warnoptions, sys._xoptions)
print(sorted(os.environ.items()), os.environ.get("PYTHONPATH"), os.getcwd())
print(sorted(sys.modules))
"""

STACK = """
import inspect, sys, traceback, warnings
print(len(inspect.stack()), [frame.filename for frame in inspect.stack()])
traceback.print_stack()
warnings.warn("outside", stacklevel=9)
"""

TRACEBACK = """
class Odd(Exception):
    pass

def inner():
    try:
        {}["missing"]
    except KeyError as error:
        raise Odd("with a cause") from error

def outer():
    try:
        inner()
    finally:
        raise ExceptionGroup("several", [ValueError(1), Odd(2)])

outer()
"""

EXCEPTHOOK = """
import sys
def hook(kind, error, trace):
    depth = 0
    while trace:
        depth, trace = depth + 1, trace.tb_next
    print("hook", kind.__name__, error, depth)
sys.excepthook = hook
raise LookupError("seen by the hook")
"""

AT_EXIT = """
import atexit, sys, threading, time
atexit.register(print, "at exit")
gate = threading.Event()
def work():
    gate.wait(10)
    print("thread ends")
threading.Thread(target=work).start()
threading.Timer(0.05, gate.set).start()
class Last:
    def __del__(self):
        print("deleted", sys is None)
last = Last()
sys.exit("a message")
"""

PICKLE = """
import pickle
class Kept:
    pass
print(pickle.dumps(Kept(), 0), type(pickle.loads(pickle.dumps(Kept()))) is Kept)
"""

# Its own clean-up is what the running Python leaves to do.
UNIX_SERVER = """
import asyncio, os, socket, tempfile
async def main(path):
    loop = asyncio.get_running_loop()
    server = await loop.create_unix_server(asyncio.Protocol, path)
    server.close()
    await server.wait_closed()
    print("stays" if os.path.exists(path) else "goes", "with its server")
    with socket.socket() as sock:
        try:
            await loop.create_datagram_endpoint(asyncio.DatagramProtocol, sock=sock)
        except ValueError as error:
            print(str(error).partition(", got")[0])
with tempfile.TemporaryDirectory() as folder:
    asyncio.run(main(os.path.join(folder, "socket")))
"""

PROGRAMS = {
    "main module": Program(MAIN_MODULE, 0, b"True __main__"),
    "stack": Program(STACK, 0, b"outside"),
    "traceback": Program(TRACEBACK, 1, b"with a cause"),
    "excepthook": Program(EXCEPTHOOK, 1, b"hook LookupError"),
    "failing excepthook": Program("import sys; sys.excepthook = 1; 1/0", 1, b"Error in sys.excepthook"),
    "at exit": Program(AT_EXIT, 1, b"at exit"),
    "pickle": Program(PICKLE, 0, b"__main__"),
    "recursion": Program("def again(): again()\nagain()", 1, b"Previous line repeated"),
    "syntax error": Program("value = (1,\nother = 2 3", 1, b"SyntaxError"),
    "indentation error": Program("if True:\nprint(1)", 1, b"IndentationError"),
    "undecodable": Program("# coding: no-such-coding\n", 1, b"no-such-coding"),
    "exit with a number": Program("raise SystemExit(7)", 7),
    "exit with a large number": Program("raise SystemExit(1000)", 1000 % 256),
    "exit with nothing": Program("raise SystemExit", 0),
    "exit with text": Program("import sys; sys.exit('wrong input')", 1, b"wrong input"),
    "exit with an object": Program("import sys; sys.exit(['a', 1])", 1, b"['a', 1]"),
    "exit at once": Program("import os; print('buffered'); os._exit(3)", 3),
    "interrupted": Program(
        "raise KeyboardInterrupt('by hand')", -signal.SIGINT, b"KeyboardInterrupt: by hand"
    ),
    "terminated": Program("import os; os.kill(os.getpid(), 15)", -signal.SIGTERM),
    "thread fails": Program(
        "import threading\nthreading.Thread(target=lambda: 1 / 0, name='worker').start()",
        0,
        b"ZeroDivisionError",
    ),
    "reads input": Program("print(input('name? '), input())", 0, b"name? one two"),
    "misspelt asyncio name": Program("import asyncio\nasyncio.Selector", 1, b"AttributeError"),
    "lists asyncio": Program("import asyncio\nprint(dir(asyncio), asyncio)", 0, b"SelectorEventLoop"),
    "Unix server": Program(UNIX_SERVER, 0, b"with its server"),
    "misses uvloop's submodule": Program("import uvloop_extra", 1, b"No module named 'uvloop_extra'"),
}


@pytest.fixture(params=PROGRAMS)
def program(request: pytest.FixtureRequest) -> Program:
    return PROGRAMS[request.param]


@pytest.mark.parametrize("form", ["file", "module"])
def test_a_program_does_what_it_does_under_python(
    program: Program, form: str, launcher: Launcher, write: Write
) -> None:
    path = write("program.py", program.source)
    start = [str(path)] if form == "file" else ["-m", "program"]
    outcome = launcher.same(*start, "--help", "-m", "--", "x y", "--keep-uvloop", stdin=b"one\ntwo\n")
    assert outcome.returncode == program.returncode
    assert program.shows in outcome.stdout + outcome.stderr


@pytest.mark.parametrize(
    "options",
    [
        ["-X", "dev"],
        ["-Xutf8=0", "-W", "error", "-Wdefault"],
        ["-OO"],
        ["-uB", "-P"],
        ["-s", "--check-hash-based-pycs", "always"],
        ["-bb", "-q"],
    ],
    ids=" ".join,
)
def test_options_for_python_reach_the_program(options: list[str], launcher: Launcher, write: Write) -> None:
    path = write("program.py", MAIN_MODULE)
    assert launcher.same(str(path), options=options).returncode == 0
    # With -P the folder that the program stands in is not searched.
    returncode = 1 if "-P" in options else 0
    assert launcher.same("-m", "program", options=[*options, "-X", "faulthandler"]).returncode == returncode


def test_inspecting_afterwards_reads_commands(launcher: Launcher, write: Write) -> None:
    path = write("program.py", "value = 41")
    assert b"42" in launcher.same(str(path), options=["-i"], stdin=b"print(value + 1)\n").stdout


def with_pythonpath(launcher: Launcher, pythonpath: str | None) -> dict[str, str]:
    """The environment with this PYTHONPATH, before one that the package under test may be found through."""
    environment = launcher.environment()
    found_through = environment.pop("PYTHONPATH", None)
    parts = [part for part in (pythonpath, found_through) if part is not None]
    return {**environment, "PYTHONPATH": ":".join(parts)} if parts else environment


@pytest.mark.parametrize("pythonpath", [None, "", "extra", ":extra:"])
def test_the_environment_is_the_one_that_was_given(
    pythonpath: str | None, launcher: Launcher, write: Write
) -> None:
    path = write("program.py", MAIN_MODULE)
    outcome = launcher.same(str(path), environment=with_pythonpath(launcher, pythonpath))
    assert outcome.returncode == 0
    assert b"OUROLOOP" not in outcome.stdout


def test_the_installation_s_own_sitecustomize_runs(launcher: Launcher, write: Write) -> None:
    write("extra/sitecustomize.py", "import sys; sys.customized = __name__, __file__, __spec__.name\n")
    path = write("program.py", "import sys; print(sys.customized, sys.modules['sitecustomize'])")
    outcome = launcher.same(str(path), environment=with_pythonpath(launcher, "extra"))
    assert b"extra/sitecustomize.py" in outcome.stdout


def test_an_error_in_the_installation_s_own_sitecustomize_is_reported(
    launcher: Launcher, write: Write
) -> None:
    write("extra/sitecustomize.py", "1 / 0")
    path = write("program.py", "print('runs')")
    environment = with_pythonpath(launcher, "extra")
    expected = launcher.run(launcher.python(str(path)), environment=environment)
    actual = launcher.run(launcher.ouroloop(str(path)), environment=environment)
    assert b"ZeroDivisionError" in expected.stderr
    # The command's own process reports it as well, before it becomes the program's.
    assert actual == replace(expected, stderr=expected.stderr * 2)


def make_folder(folder: Path) -> str:
    (folder / "application").mkdir()
    (folder / "application" / "__main__.py").write_text(MAIN_MODULE)
    return "application"


def make_zip(folder: Path) -> str:
    with zipfile.ZipFile(folder / "application.pyz", "w") as archive:
        archive.writestr("__main__.py", MAIN_MODULE + "import part")
        archive.writestr("part.py", "raise RuntimeError('inside the archive')")
    return "application.pyz"


def make_compiled(folder: Path) -> str:
    (folder / "source.py").write_text(MAIN_MODULE)
    py_compile.compile(str(folder / "source.py"), cfile=str(folder / "compiled.pyc"))
    return "compiled.pyc"


def make_link(folder: Path) -> str:
    (folder / "real").mkdir()
    (folder / "real" / "program.py").write_text(MAIN_MODULE)
    (folder / "link.py").symlink_to(folder / "real" / "program.py")
    return "link.py"


def make_without_suffix(folder: Path) -> str:
    (folder / "run").write_text("#!/usr/bin/env python\n" + MAIN_MODULE)
    return "run"


def make_folder_without_main(folder: Path) -> str:
    (folder / "application").mkdir()
    return "application"


def make_damaged_compiled(folder: Path) -> str:
    (folder / "compiled.pyc").write_bytes(b"not compiled at all")
    return "compiled.pyc"


def make_null_byte(folder: Path) -> str:
    (folder / "program.py").write_bytes(b"print(1)\n\0\n")
    return "program.py"


def make_missing(folder: Path) -> str:
    return "missing.py"


FILES: dict[Callable[[Path], str], int] = {
    make_folder: 0,
    make_zip: 1,
    make_compiled: 0,
    make_link: 0,
    make_without_suffix: 0,
    make_folder_without_main: 1,
    make_damaged_compiled: 1,
    make_null_byte: 1,
    make_missing: 2,
}


@pytest.mark.parametrize("make", FILES, ids=lambda make: make.__name__.removeprefix("make_"))
def test_a_file_of_any_kind_is_run_or_refused_as_by_python(
    make: Callable[[Path], str], launcher: Launcher
) -> None:
    name = make(launcher.folder)
    for path in (name, str(launcher.folder / name)):
        outcome = launcher.same(path, "argument")
        assert outcome.returncode == FILES[make]
        assert outcome.stdout + outcome.stderr


MODULES = {
    "missing": 1,
    "missing.part": 1,
    "package": 0,
    "package.part": 0,
    "package.fails": 1,
    "package.missing": 1,
    "bare": 1,
    "broken": 1,
    "broken.part": 1,
    ".relative": 1,
}


@pytest.mark.parametrize("module", MODULES)
def test_a_module_is_found_or_refused_as_by_python(module: str, launcher: Launcher, write: Write) -> None:
    write("package/__init__.py", "print('package', __name__)")
    write("package/__main__.py", MAIN_MODULE)
    write("package/part.py", MAIN_MODULE)
    write("package/fails.py", "from . import absent")
    write("bare/__init__.py", "")
    write("broken/__init__.py", "import does_not_exist")
    write("broken/part.py", "")
    # The first run writes __pycache__ folders; a line of output would differ only if they were looked at.
    outcome = launcher.same("-m", module, "argument")
    assert outcome.returncode == MODULES[module]
    assert outcome.stdout + outcome.stderr
    assert launcher.same(f"-m{module}").returncode == MODULES[module]


def test_standard_input_is_a_program(launcher: Launcher) -> None:
    assert b"['-', 'a']" in launcher.same("-", "a", stdin=b"import sys; print(sys.argv); 1/0").stdout


def test_messages_name_the_command_that_was_typed(launcher: Launcher) -> None:
    folder, name = os.path.split(sys.executable)
    environment = launcher.environment(PATH=f"{folder}:{os.environ['PATH']}")
    expected = launcher.run([name, "missing.py"], environment=environment)
    assert expected.stderr.startswith(name.encode() + b": can't open file")
    assert launcher.run([name, "-m", "ouroloop", "run", "missing.py"], environment=environment) == expected
