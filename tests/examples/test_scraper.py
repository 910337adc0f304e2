"""The scraper, on a site of our own on loopback whose pages fail in every way."""

from __future__ import annotations

import http.server
import json
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from .conftest import require

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator

PAGES = 30


class Site(http.server.ThreadingHTTPServer):
    """Thirty pages that link each other, and notes about who asked when."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.asked: Counter[str] = Counter()
        self.asked_at: dict[str, list[float]] = {}
        self.at_once = self.at_once_max = 0
        self.lock = threading.Lock()


class Handler(http.server.BaseHTTPRequestHandler):
    server: Site
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        site = self.server
        with site.lock:
            site.asked[self.path] += 1
            site.asked_at.setdefault(self.path, []).append(time.monotonic())
            site.at_once += 1
            site.at_once_max = max(site.at_once_max, site.at_once)
        try:
            time.sleep(0.02)
            self.give(self.path.strip("/"), site.asked[self.path])
        finally:
            with site.lock:
                site.at_once -= 1

    def give(self, name: str, time_asked: int) -> None:
        if name == "":
            links = [*(f"/page/{n}" for n in range(PAGES)), "/flaky", "/patience", "/gone", "/broken", "/cut"]
            self.answer(200, "start", [*links, "http://elsewhere.invalid/", "mailto:a@b", "/#part"])
        elif name.startswith("page/"):
            self.answer(200, f"page {name[5:]}", ["/", "/page/0#top"])
        elif name == "flaky":
            self.answer(200 if time_asked == 3 else 503, "flaky", [])
        elif name == "patience":
            self.answer(200 if time_asked == 2 else 429, "patience", [], {"Retry-After": "1"})
        elif name == "gone":
            self.answer(404, "gone", [])
        elif name == "broken":
            self.answer(500, "broken", [])
        else:
            self.close_connection = True
            self.wfile.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 1000\r\n\r\n<title>cu"
            )

    def answer(
        self, status: int, title: str, links: list[str], headers: dict[str, str] | None = None
    ) -> None:
        body = f"<title>{title}</title>" + "".join(f'<a href="{link}">x</a>' for link in links)
        self.send_response(status)
        for name, value in {
            "Content-Type": "text/html",
            "Content-Length": str(len(body)),
            **(headers or {}),
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_arguments: object) -> None:
        """Says nothing."""


@pytest.fixture
def site() -> Iterator[Site]:
    require("httpx", "rich")
    with Site() as site:
        thread = threading.Thread(target=site.serve_forever, args=(0.05,))
        thread.start()
        yield site
        site.shutdown()
        thread.join()


@pytest.fixture
def scrape(run_example: Callable[..., subprocess.CompletedProcess[str]]) -> Callable[..., Any]:
    def scrape(*arguments: str) -> tuple[int, dict[str, dict[str, Any]], str]:
        ran = run_example("scraper/scrape.py", *arguments)
        pages = [json.loads(line) for line in ran.stdout.splitlines()]
        assert len({page["url"] for page in pages}) == len(pages), "a page came twice"
        return ran.returncode, {page["url"].split("/", 3)[3]: page for page in pages}, ran.stderr

    return scrape


def test_every_page_is_read_once_and_what_fails_is_tried_again(
    site: Site, scrape: Callable[..., Any]
) -> None:
    code, pages, errors = scrape(site.url, "--per-host", "3", "--tries", "3", "--wait", "0.02")
    assert code == 1, errors
    assert {pages[f"page/{n}"]["title"] for n in range(PAGES)} == {f"page {n}" for n in range(PAGES)}
    assert len(pages) == PAGES + 6
    assert all(site.asked[f"/page/{n}"] == 1 for n in range(PAGES))
    assert (pages["flaky"]["status"], pages["flaky"]["tries"], pages["flaky"]["error"]) == (200, 3, "")
    assert (pages["gone"]["error"], site.asked["/gone"]) == ("status 404", 1)
    assert (pages["broken"]["error"], site.asked["/broken"]) == ("status 500", 3)
    assert (pages["cut"]["error"].partition(":")[0], site.asked["/cut"]) == ("RemoteProtocolError", 3)
    assert "3 pages could not be read" in errors
    assert f"{PAGES + 6}/{PAGES + 6}" in errors, "the bar did not reach its end"


def test_limits_hold_and_a_server_is_given_the_time_it_asks_for(
    site: Site, scrape: Callable[..., Any]
) -> None:
    _, pages, _ = scrape(site.url, "--per-host", "3", "--tries", "2", "--wait", "0.02")
    assert 1 < site.at_once_max <= 3
    assert pages["patience"]["tries"] == 2
    first, second = site.asked_at["/patience"]
    assert second - first >= 1.0


def test_pages_have_a_bound(site: Site, scrape: Callable[..., Any]) -> None:
    code, pages, _ = scrape(site.url, "--pages", "5")
    assert (code, len(pages), sum(site.asked.values())) == (0, 5, 5)


def test_server_that_is_not_there_is_said(site: Site, scrape: Callable[..., Any]) -> None:
    site.server_close()
    code, pages, errors = scrape(site.url, "--tries", "2", "--wait", "0.01")
    assert code == 1
    assert pages[""]["error"].startswith("ConnectError")
    assert "1 pages could not be read" in errors


def test_text_that_is_no_address_is_refused_with_the_fix(scrape: Callable[..., Any]) -> None:
    require("httpx", "rich")
    code, pages, errors = scrape("example.org")
    assert (code, pages) == (2, {})
    assert "example.org is no address: write https://example.org" in errors
