"""Writes or checks the SHA-256 of every file of a folder, however many there are.

    python examples/checksums/checksums.py FOLDER > SUMS           in the format of sha256sum
    python examples/checksums/checksums.py FOLDER --check SUMS     says what is missing, new or different

Memory stays the same for ten files and for ten million: the folder is walked no faster than its files are read.
"""

import argparse
import asyncio
import hashlib
import os
import re
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import ouroloop

# Found and not yet read: enough to keep every reader busy, and no more.
WAITING_MAX = 100


@dataclass
class Report:
    """What happened, for the last line on standard error."""

    files: int = 0
    size_bytes: int = 0
    waiting_max: int = 0
    failures: list[str] = field(default_factory=list)


def files_below(folder: Path, failures: list[str]) -> Iterator[Path]:
    """Regular files, a folder's sorted before those of its folders; links are not followed."""

    def cannot_read(error: OSError) -> None:
        failures.append(f"{error.filename}: {error.strerror}")

    for place, folders, names in os.walk(folder, onerror=cannot_read):
        folders.sort()
        for name in sorted(names):
            path = Path(place, name)
            if path.is_file() and not path.is_symlink():
                yield path


async def walk(folder: Path, paths: asyncio.Queue[Path], report: Report) -> None:
    """Puts every file into the queue. When it is full, the walk waits, and so does all that it would have found."""
    found = files_below(folder, report.failures)
    while (path := await asyncio.to_thread(next, found, None)) is not None:
        await paths.put(path)
        report.waiting_max = max(report.waiting_max, paths.qsize())


def digest_of(path: Path) -> tuple[str, int]:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest(), file.tell()


async def read(
    folder: Path, paths: asyncio.Queue[Path], sums: asyncio.Queue[tuple[str, str]], report: Report
) -> None:
    """One reader. Hashing lets go of Python's lock, so as many threads as cores work at once."""
    while True:
        path = await paths.get()
        try:
            digest, size_bytes = await asyncio.to_thread(digest_of, path)
        except OSError as error:
            report.failures.append(f"{path}: {error.strerror}")
        else:
            report.files += 1
            report.size_bytes += size_bytes
            await sums.put((digest, str(path.relative_to(folder))))
        finally:
            paths.task_done()


async def write(
    sums: asyncio.Queue[tuple[str, str]], known: dict[str, str] | None, differences: list[str]
) -> None:
    """Prints each sum, or compares it where sums are known."""
    while True:
        digest, name = await sums.get()
        if known is None:
            print(line_of(digest, name))
        elif name not in known:
            differences.append(f"{name}: new")
        elif known.pop(name) != digest:
            differences.append(f"{name}: different")
        sums.task_done()


def line_of(digest: str, name: str) -> str:
    """As sha256sum writes it: a backslash first where the name has one, or an end of line."""
    escaped = name.replace("\\", r"\\").replace("\n", r"\n").replace("\r", r"\r")
    return f"{'' if escaped == name else chr(92)}{digest}  {escaped}"


def name_of(escaped: str) -> str:
    return re.sub(r"\\([\\nr])", lambda match: {"n": "\n", "r": "\r"}.get(match[1], "\\"), escaped)


async def process(folder: Path, readers: int, known: dict[str, str] | None) -> tuple[Report, list[str]]:
    report, differences = Report(), []
    paths: asyncio.Queue[Path] = asyncio.Queue(WAITING_MAX)
    sums: asyncio.Queue[tuple[str, str]] = asyncio.Queue(WAITING_MAX)
    async with asyncio.TaskGroup() as group:
        workers = [group.create_task(read(folder, paths, sums, report)) for _ in range(readers)]
        workers.append(group.create_task(write(sums, known, differences)))
        await walk(folder, paths, report)
        await paths.join()
        await sums.join()
        for worker in workers:
            worker.cancel()
    return report, differences + [f"{name}: missing" for name in known or ()]


def known_sums(file: Path) -> dict[str, str]:
    known = {}
    text = file.read_text(encoding="utf-8", errors="surrogateescape")
    for number, line in enumerate(text.removesuffix("\n").split("\n"), 1):
        digest, separator, name = line.removeprefix("\\").partition("  ")
        if len(digest) != 64 or not separator:
            raise SystemExit(f"{file}, line {number}: not a line of sha256sum: {line[:80]}")
        known[name_of(name) if line.startswith("\\") else name] = digest
    return known


async def main(options: argparse.Namespace) -> int:
    # Names of files are bytes; what is no UTF-8 comes out as it went in.
    sys.stdout.reconfigure(errors="surrogateescape")
    known = known_sums(options.check) if options.check else None
    started = time.perf_counter()
    report, differences = await process(options.folder, options.readers, known)
    seconds = time.perf_counter() - started
    for line in sorted(differences):
        print(line)
    for failure in report.failures:
        print(f"cannot read {failure}", file=sys.stderr)
    print(
        f"{report.files} files, {report.size_bytes / 1e6:.1f} MB in {seconds:.1f} s,"
        f" never more than {report.waiting_max} waiting",
        file=sys.stderr,
    )
    return 1 if differences or report.failures else 0


def existing_folder(text: str) -> Path:
    path = Path(text)
    if not path.is_dir():
        raise argparse.ArgumentTypeError(f"{text} is no folder: name one that exists")
    return path


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Writes or checks the SHA-256 of every file of a folder.")
    parser.add_argument("folder", type=existing_folder)
    parser.add_argument("--check", type=Path, metavar="SUMS", help="compare with sums written before")
    parser.add_argument(
        "--readers", type=int, default=os.cpu_count(), help="files read at once (%(default)s)"
    )
    try:
        sys.exit(ouroloop.run(main(parser.parse_args())))
    except KeyboardInterrupt:
        sys.exit(130)
