"""Answers by a worker of gunicorn's, of our class for uvicorn."""

import sys
from pathlib import Path

from gunicorn.app.wsgiapp import run


async def app(scope, receive, send):
    assert scope["type"] == "http"
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    for number in range(4):
        await send({"type": "http.response.body", "body": b"piece" * 50, "more_body": number < 3})


if __name__ == "__main__":
    options = ["-k", "ouroloop.gunicorn.UvicornWorker", "-b", f"127.0.0.1:{sys.argv[1]}"]
    sys.argv = ["gunicorn", *options, "--chdir", str(Path(__file__).parent), f"{Path(__file__).stem}:app"]
    run()
