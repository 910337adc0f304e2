"""The command's own options, messages and refusals."""

from __future__ import annotations

import importlib.metadata
import sys
from typing import TYPE_CHECKING

import pytest

import ouroloop
from ouroloop import cli

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from .conftest import Launcher


def test_the_installed_command_is_this_one() -> None:
    (command,) = importlib.metadata.entry_points(group="console_scripts", name="ouroloop")
    assert command.load() is cli.main


def test_version_names_the_package_and_the_python(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match=r"^0$"):
        cli.main(["--version"])
    python = ".".join(map(str, sys.version_info[:3]))
    assert capsys.readouterr().out.startswith(f"ouroloop {ouroloop.__version__} (Python {python}")


def test_help_names_each_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match=r"^0$"):
        cli.main(["--help"])
    assert "run a program on our event loop" in capsys.readouterr().out


@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help_on_run_says_what_becomes_of_uvloop(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match=r"^0$"):
        cli.main(["run", option])
    shown = capsys.readouterr().out
    assert "--keep-uvloop" in shown
    assert "import uvloop" in shown
    assert max(map(len, shown.splitlines())) <= 80


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "COMMAND"),
        (["walk"], "invalid choice: 'walk'"),
        (["run"], "a FILE or -m MODULE is needed"),
        (["run", "-m"], "a FILE or -m MODULE is needed"),
        (["run", "--keep-uvloop"], "a FILE or -m MODULE is needed"),
        (["run", "--no-such-option", "program.py"], "--no-such-option"),
        (["run", "--keep", "program.py"], "--keep"),
    ],
    ids=" ".join,
)
def test_a_wrong_command_line_is_refused(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match=r"^2$"):
        cli.main(arguments)
    shown = capsys.readouterr().err
    assert message in shown
    assert shown.startswith("usage: ouroloop")


@pytest.mark.parametrize("option", ["-E", "-I", "-S"])
def test_a_python_without_the_start_up_that_we_need_is_refused(
    option: str, launcher: Launcher, write: Callable[[str, str], Path]
) -> None:
    path = write("program.py", "print('ran')")
    # The package itself must be found all the same, be it installed, editable or on PYTHONPATH.
    source = f"import site, sys; site.main(); sys.path += {sys.path}; from ouroloop.cli import main; "
    source += f"main(['run', {str(path)!r}])"
    outcome = launcher.run([sys.executable, option, "-c", source])
    assert outcome.returncode == 2
    assert b"-E, -I and -S" in outcome.stderr
    assert outcome.stdout == b""


def test_an_interpreter_that_is_gone_is_reported(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    missing = tmp_path / "python"
    monkeypatch.setattr(sys, "executable", str(missing))
    assert cli.main(["run", "program.py"]) == 1
    assert capsys.readouterr().err == f"ouroloop: cannot start {missing}: No such file or directory\n"


@pytest.mark.parametrize(
    ("command", "options"),
    [
        ("python script run a.py", ""),
        ("python -m ouroloop run -X a.py", ""),
        ("python -mouroloop run a.py", ""),
        ("python -X dev -Xutf8 -m ouroloop run a.py", "-X dev -Xutf8"),
        ("python -Wd -W error -u script -B", "-Wd -W error -u"),
        ("python -uWd -OOX dev script", "-uWd -OOX dev"),
        ("python -um ouroloop run", "-u"),
        ("python -usc code", "-us"),
        ("python --check-hash-based-pycs never script --help", "--check-hash-based-pycs never"),
        ("python - -u", ""),
        ("python -i", "-i"),
    ],
)
def test_python_s_own_options_are_told_from_the_rest(command: str, options: str) -> None:
    assert cli.interpreter_options(command.split()) == options.split()


@pytest.mark.parametrize(
    ("arguments", "own", "program"),
    [
        ("run a.py --help", "run", "a.py --help"),
        ("run --keep-uvloop a.py --keep-uvloop", "run --keep-uvloop", "a.py --keep-uvloop"),
        ("run -m module -m other", "run", "-m module -m other"),
        ("run -mmodule -h", "run", "-mmodule -h"),
        ("run - -h", "run", "- -h"),
        ("run -h a.py", "run -h", "a.py"),
        ("--version run a.py", "--version run a.py", ""),
    ],
)
def test_what_follows_the_program_is_its_own(arguments: str, own: str, program: str) -> None:
    assert cli.split_program(arguments.split()) == (own.split(), program.split())
