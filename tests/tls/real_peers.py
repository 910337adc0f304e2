"""Programs that others wrote, as clients and servers of ours: openssl, curl and nginx."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .conftest import Certificate

FETCHED = Path(__file__).parents[2] / "build" / "tls-peers" / "usr"
# `make tls-transfers` asks for a gibibyte.
TRANSFER_BYTES = int(os.environ.get("OUROLOOP_TRANSFER_BYTES", 64 << 20))
SECONDS_MAX = 30 + TRANSFER_BYTES // (8 << 20)
MEBIBYTE = bytes(range(256)) * 4096


def program(name: str) -> str:
    """The path of a program; the running test is skipped where there is none."""
    found = shutil.which(name, path=f"{os.environ.get('PATH')}:{FETCHED}/bin:{FETCHED}/sbin")
    if found is None:
        pytest.skip(f"{name} is not here: tools/tls_peers.sh fetches it")
    return found


def run_program(*words: Any, **options: Any) -> subprocess.CompletedProcess[bytes]:
    """Run a program to its end, for a limited time; what it says shows when it fails."""
    if "input" not in options:
        options.setdefault("stdin", subprocess.DEVNULL)
    options.setdefault("stdout", subprocess.PIPE)
    done = subprocess.run(
        [str(word) for word in words], stderr=subprocess.PIPE, timeout=SECONDS_MAX, check=False, **options
    )
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    return done


@contextlib.contextmanager
def background(*words: Any, **options: Any) -> Iterator[subprocess.Popen[bytes]]:
    """A program that runs until the block is over."""
    process = subprocess.Popen([str(word) for word in words], **options)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()


def digest_of(size: int) -> str:
    """The digest of so many bytes of the pattern that the tests send."""
    digest = hashlib.sha256()
    for _ in range(size >> 20):
        digest.update(MEBIBYTE)
    return digest.hexdigest()


@pytest.fixture(scope="session")
def large_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of `TRANSFER_BYTES` bytes."""
    path = tmp_path_factory.mktemp("large") / "large"
    with path.open("wb") as file:
        for _ in range(TRANSFER_BYTES >> 20):
            file.write(MEBIBYTE)
    return path


@contextlib.contextmanager
def nginx(folder: Path, server: str) -> Iterator[int]:
    """The port of an nginx whose one server has these directives; %PORT% stands for its address."""
    path = program("nginx")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        listener.set_inheritable(True)
        listener.setblocking(False)
        configuration = folder / "nginx.conf"
        temporary = "\n".join(
            f"{kind}_temp_path {folder}/{kind};"
            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        # Its worker would give up root, and could not read the test's files then.
        user = "user root;" if os.geteuid() == 0 else ""
        configuration.write_text(
            f"daemon off; worker_processes 1; {user} pid {folder}/pid; error_log {folder}/errors;\n"
            f"events {{}}\nhttp {{ access_log off; client_max_body_size 0; {temporary}\n"
            f"server {{ {server.replace('%PORT%', f'127.0.0.1:{port}')} }} }}\n"
        )
        # nginx takes over the sockets that this variable names, so its port is ours to choose without a race.
        with background(
            path,
            *("-p", folder, "-c", configuration, "-e", folder / "errors"),
            env={**os.environ, "NGINX": f"{listener.fileno()};"},
            pass_fds=[listener.fileno()],
        ) as process:
            deadline = time.monotonic() + 10
            while not (folder / "pid").exists():
                assert process.poll() is None, (folder / "errors").read_text()
                assert time.monotonic() < deadline, "nginx does not start"
                time.sleep(0.01)
            yield port


@contextlib.contextmanager
def openssl_server(certificate: Certificate, *options: Any) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """The port of an `openssl s_server`, and its process, whose standard output stands behind that port."""
    with background(
        *(program("openssl"), "s_server", "-accept", "127.0.0.1:0", "-cert", certificate.certificate),
        *("-key", certificate.key, *options),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith(b"ACCEPT"):
                yield int(line.rpartition(b":")[2]), process
                return
        raise AssertionError("openssl s_server does not start")
