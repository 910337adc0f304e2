"""Checks every page of some sites: reads each once, follows its links, and says which fail.

    python examples/scraper/scrape.py https://example.org --pages 500 > pages.jsonl

A line of JSON for each page on standard output, a progress bar on standard error. Links are followed within the hosts
that were given. The exit code is 1 when a page could not be read.
"""

import argparse
import asyncio
import json
import random
import sys
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from html.parser import HTMLParser
from urllib.parse import urldefrag, urljoin, urlsplit

import httpx
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

import ouroloop

# Worth another try, by RFC 9110: the server asks for patience, or something behind it is out of order.
STATUS_TO_RETRY = {408, 425, 429, 500, 502, 503, 504}
WAIT_SECONDS_MAX = 30.0
PAGE_BYTES_MAX = 5_000_000


@dataclass
class Page:
    """What became of one address."""

    url: str
    status: int | None = None
    tries: int = 0
    title: str = ""
    links: list[str] = field(default_factory=list)
    error: str = ""


class Links(HTMLParser):
    """Collects the title and the links of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.title = ""
        self.links: list[str] = []
        self._in_title = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._in_title = tag == "title"
        if tag == "a" and (target := dict(attrs).get("href")):
            self.links.append(target)

    def handle_data(self, data: str) -> None:
        if self._in_title:
            self.title += data.strip()

    def handle_endtag(self, tag: str) -> None:
        self._in_title = False


class Scraper:
    """Reads pages, so many at once in all and of each host, and tries again what may get better."""

    def __init__(
        self, client: httpx.AsyncClient, *, at_once: int, per_host: int, tries: int, first_wait_seconds: float
    ) -> None:
        self.client = client
        self.tries = tries
        self.first_wait_seconds = first_wait_seconds
        self.everywhere = asyncio.Semaphore(at_once)
        self.of_host: defaultdict[str, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(per_host))

    @asynccontextmanager
    async def permit(self, url: str) -> AsyncIterator[None]:
        # The host's first: who waits for a busy host takes no place that another host could use.
        async with self.of_host[urlsplit(url).netloc], self.everywhere:
            yield

    async def read(self, url: str) -> Page:
        page = Page(url)
        for page.tries in range(1, self.tries + 1):
            async with self.permit(url):
                wait_seconds = await self.try_once(page)
            if wait_seconds is None or page.tries == self.tries:
                break
            await asyncio.sleep(wait_seconds)
        return page

    async def try_once(self, page: Page) -> float | None:
        """Fills in the page; returns the seconds to wait where another try may help, else None."""
        # Some randomness keeps pages that failed together from coming back together.
        wait_seconds = self.first_wait_seconds * 2 ** (page.tries - 1) * random.uniform(0.5, 1.5)
        page.status, page.error = None, ""
        try:
            async with self.client.stream("GET", page.url) as response:
                page.status = response.status_code
                if response.status_code in STATUS_TO_RETRY:
                    page.error = f"status {response.status_code}"
                    return min(max(wait_seconds, retry_after(response)), WAIT_SECONDS_MAX)
                if response.is_error:
                    page.error = f"status {response.status_code}"
                    return None
                await self.take_in(page, response)
                return None
        except (httpx.TimeoutException, httpx.NetworkError, httpx.RemoteProtocolError) as error:
            page.error = f"{type(error).__name__}: {error}".rstrip(": ")
            return min(wait_seconds, WAIT_SECONDS_MAX)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            page.error = f"{type(error).__name__}: {error}".rstrip(": ")
            return None

    async def take_in(self, page: Page, response: httpx.Response) -> None:
        if not response.headers.get("content-type", "").startswith("text/html"):
            return
        body = bytearray()
        async for part in response.aiter_bytes():
            body += part
            if len(body) > PAGE_BYTES_MAX:
                page.error = f"more than {PAGE_BYTES_MAX} bytes"
                return
        # Reading a large page takes a while: other pages go on meanwhile.
        parsed = await asyncio.to_thread(parse, body.decode(response.encoding or "utf-8", "replace"))
        page.title = parsed.title
        links = (urldefrag(urljoin(str(response.url), link)).url for link in parsed.links)
        page.links = list(dict.fromkeys(links))


def parse(text: str) -> Links:
    links = Links()
    links.feed(text)
    return links


def retry_after(response: httpx.Response) -> float:
    """The seconds that the server asks for, 0 where it asks for none (or for a date)."""
    asked = response.headers.get("retry-after", "")
    return float(asked) if asked.isdecimal() else 0.0


async def scrape(
    scraper: Scraper, starts: Iterable[str], pages_max: int, progress: Progress
) -> AsyncIterator[Page]:
    """Yields each page once, when it is done; every page runs as a task, and a page's links become tasks."""
    hosts = {urlsplit(url).netloc for url in starts}
    seen: set[str] = set()
    running: set[asyncio.Task[Page]] = set()
    bar = progress.add_task("pages", total=0)

    def begin(urls: Iterable[str]) -> None:
        for url in urls:
            known = url in seen or len(seen) >= pages_max
            if not known and urlsplit(url).scheme in ("http", "https") and urlsplit(url).netloc in hosts:
                seen.add(url)
                running.add(asyncio.create_task(scraper.read(url)))
        progress.update(bar, total=len(seen))

    begin(starts)
    try:
        while running:
            done, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                page = task.result()
                begin(page.links)
                progress.advance(bar)
                yield page
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def main(options: argparse.Namespace) -> int:
    failed = 0
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    limits = httpx.Limits(max_connections=options.at_once)
    async with httpx.AsyncClient(timeout=options.seconds, limits=limits, follow_redirects=True) as client:
        scraper = Scraper(
            client,
            at_once=options.at_once,
            per_host=options.per_host,
            tries=options.tries,
            first_wait_seconds=options.wait,
        )
        with Progress(*columns, console=Console(stderr=True)) as progress:
            async for page in scrape(scraper, options.url, options.pages, progress):
                failed += bool(page.error)
                print(json.dumps(asdict(page)), flush=True)
    if failed:
        print(f"{failed} pages could not be read", file=sys.stderr)
    return 1 if failed else 0


def address(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise argparse.ArgumentTypeError(f"{text} is no address: write https://{text.removeprefix('//')}")
    return text if parts.path else f"{text}/"


def positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a number from 1 on")
    return int(text)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Reads every page of some sites and says which fail.")
    parser.add_argument("url", nargs="+", type=address)
    parser.add_argument("--pages", type=positive, default=1000, help="read so many at most (%(default)s)")
    parser.add_argument("--at-once", type=positive, default=20, help="pages in flight (%(default)s)")
    parser.add_argument("--per-host", type=positive, default=4, help="of those, of one host (%(default)s)")
    parser.add_argument("--tries", type=positive, default=4, help="for a page (%(default)s)")
    parser.add_argument("--wait", type=float, default=0.5, help="seconds before the second try, doubling")
    parser.add_argument("--seconds", type=float, default=10.0, help="without a byte, and a try has failed")
    return parser.parse_args()


if __name__ == "__main__":
    try:
        sys.exit(ouroloop.run(main(parse_arguments())))
    except KeyboardInterrupt:
        sys.exit(130)
