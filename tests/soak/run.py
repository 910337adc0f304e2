"""Keeps servers of ours busy with clients of every manner, and watches that nothing is lost and nothing grows.

    python run.py [--seconds 600] [--seed N]

The servers are one process (`servers.py`), the clients this one, both on our loop. Ends with 0 when every byte came
back as it was sent, no error was left over, and descriptors and memory of both processes stayed flat.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import random
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import manners

import ouroloop
from ouroloop import asyncio

CLIENTS = {"tcp": 24, "unix": 16, "tls": 12, "udp": 6}
SAMPLE_SECONDS = 1.0
GROWTH_MAX = 1.10
GROWTH_KILOBYTES_MIN = 6_000


def make_certificate(folder: Path) -> None:
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
    ]
    command += ["-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    command += ["-keyout", str(folder / "key.pem"), "-out", str(folder / "certificate.pem")]
    subprocess.run(command, check=True, capture_output=True)


def resident_kilobytes(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise ProcessLookupError(pid)


def descriptor_count(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/fd"))


class Soak:
    def __init__(self, addresses: dict[str, Any], folder: Path, seed: int, server: int) -> None:
        self.addresses = addresses
        self.seed = seed
        self.server = server
        self.context = ssl.create_default_context(cafile=str(folder / "certificate.pem"))
        self.conversations: dict[str, int] = {}
        self.bytes: dict[str, int] = {}
        self.faults: list[str] = []
        self.memory: dict[int, list[int]] = {os.getpid(): [], server: []}
        self.deadline = 0.0

    async def connect(self, kind: str) -> tuple[Any, Any]:
        if kind == "unix":
            return await asyncio.open_unix_connection(self.addresses["unix"])
        if kind == "tls":
            return await asyncio.open_connection(
                "127.0.0.1", self.addresses["tls"], ssl=self.context, server_hostname="localhost"
            )
        return await asyncio.open_connection("127.0.0.1", self.addresses["tcp"])

    async def client(self, kind: str, number: int) -> None:
        """One conversation after the other until the time is over."""
        source = random.Random(f"{self.seed} {kind} {number}")
        while time.monotonic() < self.deadline:
            manner = "datagrams" if kind == "udp" else source.choice(list(manners.ALL))
            try:
                async with asyncio.timeout(manners.SECONDS_MAX):
                    if kind == "udp":
                        total = await manners.datagrams(self.addresses["udp"], source)
                    else:
                        total = await manners.ALL[manner](lambda: self.connect(kind), source)
            except Exception as error:
                self.faults.append(f"{kind} {manner}: {error!r}")
                if len(self.faults) > 20:
                    return
                continue
            name = f"{kind} {manner}"
            self.conversations[name] = self.conversations.get(name, 0) + 1
            self.bytes[name] = self.bytes.get(name, 0) + total

    async def watch(self) -> None:
        while True:
            await asyncio.sleep(SAMPLE_SECONDS)
            for pid, samples in self.memory.items():
                samples.append(resident_kilobytes(pid))
            if len(self.memory[self.server]) % 10 == 0:
                done = sum(self.conversations.values())
                left = max(0, self.deadline - time.monotonic())
                memory = "/".join(f"{samples[-1] // 1024}" for samples in self.memory.values())
                print(
                    f"{left:5.0f} s left, {done} conversations, {memory} MiB, {len(self.faults)} faults",
                    flush=True,
                )

    async def run(self, seconds: float) -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: self.faults.append(repr(context)))
        self.deadline = time.monotonic() + seconds
        watching = asyncio.create_task(self.watch())
        async with asyncio.TaskGroup() as group:
            for kind, count in CLIENTS.items():
                for number in range(count):
                    group.create_task(self.client(kind, number))
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        # What ends with a reset is over when the servers have seen it.
        await asyncio.sleep(1)

    def growth(self) -> list[str]:
        """What grew between the second quarter of the time and the last; the first quarter is for warming up."""
        found = []
        for pid, samples in self.memory.items():
            quarter = max(1, len(samples) // 4)
            before = statistics.median(samples[quarter : 2 * quarter] or samples)
            after = statistics.median(samples[-quarter:])
            if after > before * GROWTH_MAX and after - before > GROWTH_KILOBYTES_MIN:
                who = "the servers" if pid == self.server else "the clients"
                found.append(f"memory of {who} grew from {before:.0f} to {after:.0f} KiB")
        return found


def soak(folder: Path, seconds: float, seed: int) -> int:
    make_certificate(folder)
    server = subprocess.Popen(
        [sys.executable, Path(__file__).with_name("servers.py"), folder, str(seconds + 120)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert server.stdin is not None
    assert server.stdout is not None
    try:
        first = server.stdout.readline()
        if not first:
            print(f"the servers did not start; status {server.wait(10)}")
            return 1
        run = Soak(json.loads(first), folder, seed, server.pid)
        descriptors = {os.getpid(): descriptor_count(os.getpid()), server.pid: descriptor_count(server.pid)}
        ouroloop.run(run.run(seconds))
        gc.collect()
        # A subprocess of the servers may be under way, with its pipes.
        allowed = {os.getpid(): 0, server.pid: 6}
        for pid, before in descriptors.items():
            after = descriptor_count(pid)
            if after > before + allowed[pid]:
                run.faults.append(f"{after - before} descriptors more than before in process {pid}")
        answer, _ = server.communicate("", timeout=60)
    finally:
        if server.poll() is None:
            server.kill()
            server.wait()
    told = json.loads(answer) if answer.strip() else {"counts": {}, "faults": [f"status {server.returncode}"]}
    faults = run.faults + run.growth() + [f"servers: {fault}" for fault in told["faults"]]
    if server.returncode != 0:
        faults.append(f"the servers ended with status {server.returncode}")
    missing = [name for name in ("subprocesses", "timers", "datagrams") if not told["counts"].get(name)]
    faults += [f"no {name} ran" for name in missing]
    for name in sorted(run.conversations):
        print(f"  {name:20} {run.conversations[name]:7} conversations, {run.bytes[name] / 1e6:10.1f} MB")
    print(f"  servers: {told['counts']}")
    for fault in faults:
        print(f"FAULT {fault}")
    print(f"seed {seed}: " + (f"{len(faults)} faults" if faults else "no fault"))
    return 1 if faults else 0


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--seconds", type=float, default=600, help="how long clients talk (default: %(default)s)"
    )
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000, help="of all random choices")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        return soak(Path(folder), chosen.seconds, chosen.seed)


if __name__ == "__main__":
    sys.exit(main())
