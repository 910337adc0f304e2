"""A worker class for gunicorn: `gunicorn app:api -k ouroloop.gunicorn.UvicornWorker`.

It is the only module of Ouroloop that needs packages: gunicorn, uvicorn and uvicorn-worker, which brings the worker
that this one is made of. Nothing else imports it.
"""

from __future__ import annotations

from typing import Any, ClassVar

try:
    import uvicorn_worker
except ImportError as error:
    raise ImportError(
        "ouroloop.gunicorn needs gunicorn, uvicorn and its worker: pip install 'ouroloop[gunicorn]'"
    ) from error


class UvicornWorker(uvicorn_worker.UvicornWorker):  # type: ignore[misc, unused-ignore]
    """uvicorn in gunicorn's worker processes, each on a loop of ours."""

    CONFIG_KWARGS: ClassVar[dict[str, Any]] = {
        **uvicorn_worker.UvicornWorker.CONFIG_KWARGS,
        "loop": "ouroloop:new_event_loop",
    }
