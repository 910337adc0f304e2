"""The command `ouroloop`.

`ouroloop run FILE` does not run the program inside this process: it becomes `python FILE` by exec, with the
variables set through which `service.startup.sitecustomize` is imported there. So the program's `__main__`,
its tracebacks, exit code, death by Ctrl-C and everything else are the interpreter's own.
"""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING

from ouroloop.service.startup import sitecustomize

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

DESCRIPTION = "An asyncio event loop, with its own futures, tasks and transports."

RUN_USAGE = "ouroloop run [-h] [--keep-uvloop] (FILE | -m MODULE) [ARGUMENT ...]"
RUN_DESCRIPTION = """\
Run a Python program as `python FILE` or `python -m MODULE` would, except that
every event loop that it makes is ours. Nothing in the program needs to change,
and all that follows FILE or MODULE belongs to it. FILE may also be a folder or
a zip file with a __main__.py, or - for standard input. Options for Python go
before ours: python -X dev -m ouroloop run FILE"""
RUN_EPILOG = """\
A program that asks for uvloop by name gets ours, whether uvloop is installed
or not: `import uvloop` gives it uvloop's names (install, new_event_loop, run,
Loop, EventLoopPolicy) for our loop. With --keep-uvloop it gets the real one.

Processes that the program makes through multiprocessing get our loop too.
Other programs that it starts do not."""

# Of the interpreter's own options, those that give the program, and those whose argument may follow without a
# space.
OPTIONS_OF_PROGRAM = "cm"
OPTIONS_LAST_IN_WORD = "WX" + OPTIONS_OF_PROGRAM
LONG_OPTION_WITH_ARGUMENT = "--check-hash-based-pycs"


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command with these arguments, by default those of the process, and returns its exit code."""
    own, program = split_program(list(sys.argv[1:] if arguments is None else arguments))
    options = make_parser().parse_args(own)
    if program in ([], ["-m"]):
        options.parser.error("a FILE or -m MODULE is needed")
    if reason := why_not_startable():
        options.parser.error(reason)
    return become_python(program, keep_uvloop=options.keep_uvloop)


def split_program(arguments: list[str]) -> tuple[list[str], list[str]]:
    """Divides `run [option ...] (FILE | -m MODULE) [argument ...]` before FILE or -m."""
    if arguments[:1] != ["run"]:
        return arguments, []
    for index, argument in enumerate(arguments[1:], start=1):
        if argument == "-" or not argument.startswith("-") or argument.startswith("-m"):
            return arguments[:index], arguments[index:]
    return arguments, []


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="ouroloop", description=DESCRIPTION)
    parser.add_argument("--version", action="version", version=describe_version())
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    run = commands.add_parser(
        "run",
        usage=RUN_USAGE,
        description=RUN_DESCRIPTION,
        epilog=RUN_EPILOG,
        help="run a program on our event loop",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    run.add_argument("--keep-uvloop", action="store_true", help="let the program import the real uvloop")
    run.set_defaults(parser=run)
    return parser


def describe_version() -> str:
    import ouroloop

    return f"ouroloop {ouroloop.__version__} (Python {sys.version.split()[0]})"


def why_not_startable() -> str | None:
    """Why this interpreter cannot be started anew with our hook in its start-up, if it cannot."""
    if sys.flags.ignore_environment or sys.flags.no_site:
        return "Python's options -E, -I and -S leave out the start-up through which a program gets our loop"
    if not sys.executable:
        return "this Python does not know its own executable (sys.executable is empty)"
    if os.pathsep in startup_folder():
        return f"ouroloop is installed in a folder that PYTHONPATH cannot name: {startup_folder()}"
    return None


def become_python(program: Sequence[str], *, keep_uvloop: bool) -> int:
    # The name that this process was started by is the one in the interpreter's own messages.
    command = [sys.orig_argv[0], *interpreter_options(sys.orig_argv), *program]
    try:
        os.execve(sys.executable, command, environment_of_program(os.environ, keep_uvloop=keep_uvloop))
    except OSError as error:
        print(f"ouroloop: cannot start {sys.executable}: {error.strerror}", file=sys.stderr)
        return 1


def interpreter_options(command: Sequence[str]) -> list[str]:
    """The options in an interpreter's command line that stand before the script, -c or -m."""
    options = []
    words = iter(command[1:])
    for word in words:
        if word == "-" or not word.startswith("-"):
            break
        if word.startswith("--"):
            options.append(word)
            if word == LONG_OPTION_WITH_ARGUMENT:
                options.append(next(words, ""))
            continue
        end = next((index for index, letter in enumerate(word) if letter in OPTIONS_LAST_IN_WORD), None)
        if end is None:
            options.append(word)
        elif word[end] in OPTIONS_OF_PROGRAM:
            options += [word[:end]] * (end > 1)
            break
        else:
            options.append(word)
            if end == len(word) - 1:
                options.append(next(words, ""))
    return options


def environment_of_program(inherited: Mapping[str, str], *, keep_uvloop: bool) -> dict[str, str]:
    environment = dict(inherited)
    uvloop = sitecustomize.KEEP_UVLOOP if keep_uvloop else sitecustomize.ANSWER_UVLOOP
    environment[sitecustomize.RUN_VARIABLE] = uvloop
    folder = startup_folder()
    pythonpath = environment.get("PYTHONPATH")
    if pythonpath is not None:
        environment[sitecustomize.PYTHONPATH_VARIABLE] = pythonpath
    environment["PYTHONPATH"] = f"{folder}{os.pathsep}{pythonpath}" if pythonpath else folder
    return environment


def startup_folder() -> str:
    return os.path.dirname(os.path.abspath(sitecustomize.__file__))
