"""OpenSSH, 4 at once over new and shared connections"""

import shutil
import subprocess
import sys
import tempfile
import time

from ecosystem_load import load_from_threads

THREADS = 4
TEXT = "some text\n" * 5000
COMMANDS_A_CONNECTION = 10


def ssh(port, folder, *options):
    return [
        "ssh", "-p", str(port), "-F", "none", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
        "-o", "LogLevel=ERROR", "-o", f"ControlPath={folder}/control", *options, "anybody@127.0.0.1",
    ]  # fmt: skip


def load(port, deadline, counts, errors):
    with tempfile.TemporaryDirectory() as folder:
        while time.monotonic() < deadline:
            master = subprocess.Popen(ssh(port, folder, "-M", "-N", "-o", "ControlPersist=no"))
            try:
                for _ in range(COMMANDS_A_CONNECTION):
                    # The first may come before the shared connection stands, and then makes one of its own.
                    done = subprocess.run(
                        [*ssh(port, folder), "upper"], input=TEXT, capture_output=True, text=True, timeout=30
                    )
                    if done.returncode or done.stdout != TEXT.upper():
                        errors.append(f"ended with {done.returncode}: {done.stderr.strip()}")
                    counts.append(1)
                    if time.monotonic() >= deadline:
                        break
            except subprocess.TimeoutExpired as error:
                errors.append(repr(error))
            finally:
                # Asked to end, it may wait for sessions that are over.
                master.kill()
                master.wait()


if shutil.which("ssh") is None:
    sys.exit("no program ssh on PATH: Debian has it in openssh-client")
load_from_threads(THREADS, load)
