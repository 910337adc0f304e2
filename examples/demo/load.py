"""The demo's clients, a process of its own: concurrent HTTP requests by libcurl, every answer checked.

Each connection sends its next request when the answer to the last one has come. Prints one JSON object: the
requests answered, the seconds that took, latencies in milliseconds, the share of its core that this process
used (at 1.0 the clients are the limit, not the server) and every error with its count.
"""

import argparse
import gc
import json
import sys
import time
from collections import Counter

import pycurl
from figures import percentile

REQUEST_TIMEOUT_MS = 5_000


class Client:
    """One connection, asking for its own name so that answers mixed up between connections are noticed."""

    def __init__(self, url: str, number: int) -> None:
        name = f"client-{number}"
        self.expected = {"message": "hello", "name": name}
        self.received: list[bytes] = []
        self.begun = 0.0
        self.handle = pycurl.Curl()
        self.handle.setopt(pycurl.URL, f"{url}/hello/{name}")
        self.handle.setopt(pycurl.WRITEFUNCTION, self.received.append)
        self.handle.setopt(pycurl.TIMEOUT_MS, REQUEST_TIMEOUT_MS)
        self.handle.setopt(pycurl.NOPROXY, "*")

    def problem(self) -> str | None:
        """What is wrong with the answer just received."""
        body = b"".join(self.received)
        self.received.clear()
        status = self.handle.getinfo(pycurl.RESPONSE_CODE)
        if status != 200:
            return f"status {status}"
        try:
            answer = json.loads(body)
        except ValueError:
            return f"not JSON: {body[:80]!r}"
        return None if answer == self.expected else f"a wrong answer: {body[:80]!r}"


class Load:
    """Keeps every client busy until the deadline, then lets the requests under way come to their end."""

    def __init__(self, url: str, connections: int) -> None:
        self.multi = pycurl.CurlMulti()
        self.clients = [Client(url, number) for number in range(connections)]
        self.by_handle = {client.handle: client for client in self.clients}
        self.latencies_ms: list[float] = []
        self.errors: Counter[str] = Counter()
        self.active = 0
        self.connects = 0

    def run(self, seconds: float) -> None:
        deadline = time.perf_counter() + seconds
        for client in self.clients:
            self.send(client)
        while self.active:
            self.multi.perform()
            finished = self.collect(deadline)
            if not finished:
                self.multi.select(0.1)
        lost = self.connects - len(self.clients)
        if lost > 0:
            # libcurl sends a request again, unasked, on a new connection when the server closed the old one.
            self.errors["a connection lost"] += lost

    def send(self, client: Client) -> None:
        client.begun = time.perf_counter()
        self.multi.add_handle(client.handle)
        self.active += 1

    def collect(self, deadline: float) -> int:
        """Deals with the requests that have ended and returns how many there were."""
        _, done, failed = self.multi.info_read()
        now = time.perf_counter()
        for handle, code, text in failed:
            self.errors[f"curl error {code}: {text}"] += 1
            self.finish(self.by_handle[handle])
        for handle in done:
            client = self.by_handle[handle]
            problem = client.problem()
            if problem is not None:
                self.errors[problem] += 1
            elif now <= deadline:
                self.latencies_ms.append((now - client.begun) * 1e3)
            self.finish(client)
            # A connection that went wrong stops: one error says as much as a thousand of them.
            if now < deadline and problem is None:
                self.send(client)
        return len(done) + len(failed)

    def finish(self, client: Client) -> None:
        self.connects += client.handle.getinfo(pycurl.NUM_CONNECTS)
        self.multi.remove_handle(client.handle)
        self.active -= 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("url", help="where the server listens: http://host:port")
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=1.5)
    options = parser.parse_args()

    load = Load(options.url, options.connections)
    gc.disable()  # nothing here makes cycles, and a collection would be counted as the server's latency
    cpu = time.process_time()
    load.run(options.seconds)
    latencies_ms = sorted(load.latencies_ms)
    json.dump(
        {
            "requests": len(latencies_ms),
            "seconds": options.seconds,
            "p50_ms": percentile(latencies_ms, 0.50) if latencies_ms else None,
            "p99_ms": percentile(latencies_ms, 0.99) if latencies_ms else None,
            "client_cpu": (time.process_time() - cpu) / options.seconds,
            "errors": dict(load.errors),
        },
        sys.stdout,
    )


if __name__ == "__main__":
    main()
