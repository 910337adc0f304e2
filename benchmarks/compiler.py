"""Builds the load generator, the C server and the C extension, once, with the system's C compiler; for TLS, a
certificate too.

The result is kept under build/ with a digest of everything it was made from, so a second run builds nothing.
TLS needs OpenSSL's headers and is only compiled in when it is asked for.
"""

from __future__ import annotations

import hashlib
import os
import shlex
import shutil
import subprocess
import sysconfig
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.child import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable

_SOURCES = ROOT / "benchmarks" / "native"
_BUILD = ROOT / "build" / "benchmarks"
_FLAGS = ("-std=c11", "-O2", "-D_GNU_SOURCE")
_REQUEST = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3650 -subj /CN=localhost"
_COMPILERS = ("cc", "gcc", "clang")


class BuildError(Exception):
    """There is no C compiler, or it failed; the text says what to do."""


@dataclass(frozen=True)
class Native:
    """The built programs."""

    load: Path
    echo: Path


@dataclass(frozen=True)
class Secure:
    """What TLS takes: programs that were built with it, and a certificate that no one checks."""

    native: Native
    certificate: Path
    key: Path
    floor: Path | None = None  # the C extension with TLS, where it was asked for


def build_native(*, tls: bool = False, directory: Path = _BUILD) -> Native:
    """Builds what is not built yet.

    Raises:
        BuildError: no compiler was found, or a program does not compile.
    """
    compiler = _find_compiler()
    suffix, flags, libraries = _variant(tls=tls)
    return Native(
        *(
            _build(name, directory / f"{name}{suffix}", [*compiler, *_FLAGS, *flags], libraries)
            for name in ("load", "echo")
        ),
    )


def build_floor(directory: Path = _BUILD, *, tls: bool = False) -> Path:
    """Builds the C extension for the running Python, if it is not built yet.

    Raises:
        BuildError: there is no compiler, Python's headers are missing, or it does not compile.
    """
    compiler = _find_compiler()
    headers = Path(sysconfig.get_path("include"))
    if not (headers / "Python.h").exists():
        raise BuildError(f"Python's headers are not in {headers} (Debian has them in python3-dev)")
    suffix, flags, libraries = _variant(tls=tls)
    module = directory / f"floor{suffix}{sysconfig.get_config_var('EXT_SUFFIX')}"
    command = [*compiler, *_FLAGS, *flags, "-shared", "-fPIC", "-pthread", f"-I{headers}"]
    return _build("floor", module, command, ["-lm", *libraries])


def make_secure(directory: Path = _BUILD, *, floor: bool = False) -> Secure:
    """Builds the programs with TLS, and has the command openssl sign a certificate for them.

    Args:
        directory: where all of it is kept.
        floor: whether the C extension is one of the programs.

    Raises:
        BuildError: OpenSSL's headers, its libraries or its command are missing.
    """
    try:
        native = build_native(tls=True, directory=directory)
        extension = build_floor(directory, tls=True) if floor else None
    except BuildError as error:
        raise BuildError(
            f"{error} (TLS needs OpenSSL's headers, such as Debian's package libssl-dev)"
        ) from error
    certificate, key = directory / "certificate.pem", directory / "key.pem"
    if not certificate.exists():
        command = ["openssl", *_REQUEST.split(), "-keyout", str(key), "-out", str(certificate)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
        except FileNotFoundError:
            raise BuildError("the command openssl is not there, and TLS needs a certificate") from None
        if done.returncode:
            raise BuildError(f"openssl made no certificate: {done.stderr.strip()}")
    return Secure(native, certificate, key, extension)


def _variant(*, tls: bool) -> tuple[str, list[str], list[str]]:
    """What a program's name ends with, and the flags and libraries that it takes."""
    return ("-tls", ["-DWITH_TLS"], ["-lssl", "-lcrypto"]) if tls else ("", [], [])


def _find_compiler() -> list[str]:
    if chosen := os.environ.get("CC"):
        words = shlex.split(chosen)
        if not shutil.which(words[0]):
            raise BuildError(f"the C compiler named by the variable CC is not there: {words[0]}")
        return words
    for name in _COMPILERS:
        if shutil.which(name):
            return [name]
    raise BuildError(
        "no C compiler was found (cc, gcc or clang), and the load generator is a C program: install one, "
        "such as Debian's package gcc, or name one in the variable CC"
    )


def _build(name: str, program: Path, compiler: list[str], libraries: Iterable[str]) -> Path:
    sources = sorted((_SOURCES / name).glob("*.c"))
    draft = program.with_suffix(f".{os.getpid()}")
    command = [*compiler, *map(str, sources), *libraries]
    digest = _digest(command, [*sources, *sorted((_SOURCES / name).glob("*.h"))])
    stamp = program.with_suffix(".digest")
    if program.exists() and stamp.exists() and stamp.read_text() == digest:
        return program
    program.parent.mkdir(parents=True, exist_ok=True)
    command += ["-o", str(draft)]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if "error" in line] or done.stderr.splitlines()
        reason = lines[0] if lines else "no reason given"
        raise BuildError(f"{compiler[0]} could not build {name}: {reason}")
    # A program that runs meanwhile keeps its own file.
    draft.replace(program)
    stamp.write_text(digest)
    return program


def _digest(command: list[str], files: list[Path]) -> str:
    digest = hashlib.sha256(shlex.join(command).encode())
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()
