"""The jobs that workers do."""

import asyncio
import gzip
import os
import shutil
from pathlib import Path
from typing import Any

from arq import Retry

TRIES_MAX = 4
TIMEOUT_SECONDS = 120


async def compress(context: dict[str, Any], name: str) -> dict[str, Any]:
    """Writes NAME.gz beside NAME, and returns both sizes.

    A worker may be stopped at any moment and another one does the job again, so nothing is half done: the file gets its
    name when it is whole. What a full disk or a busy file server refuses now is tried again later.
    """
    path = Path(name)
    try:
        before, after = await asyncio.to_thread(compress_file, path)
    except (FileNotFoundError, IsADirectoryError, PermissionError):
        raise
    except OSError as error:
        raise Retry(defer=2 ** context["job_try"]) from error
    return {
        "name": name,
        "before": before,
        "after": after,
        "worker": os.getpid(),
        "tries": context["job_try"],
    }


def compress_file(path: Path) -> tuple[int, int]:
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.unfinished")
    target = path.with_name(f"{path.name}.gz")
    try:
        with path.open("rb") as source, gzip.open(unfinished, "wb", compresslevel=6) as compressed:
            shutil.copyfileobj(source, compressed, 1024 * 1024)
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)
    return path.stat().st_size, target.stat().st_size
