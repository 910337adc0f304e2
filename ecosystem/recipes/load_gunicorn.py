"""Answers by a worker of gunicorn's, of our class for uvicorn."""

import sys

from gunicorn.app.wsgiapp import run

options = ["-k", "ouroloop.gunicorn.UvicornWorker", "-b", f"127.0.0.1:{sys.argv[1]}"]
sys.argv = ["gunicorn", *options, "ecosystem_load:pieces"]
run()
