"""Answers by hypercorn, of a few pieces each."""

import asyncio
import sys

from ecosystem_load import pieces
from hypercorn.asyncio import serve
from hypercorn.config import Config

config = Config()
config.bind = [f"127.0.0.1:{sys.argv[1]}"]
asyncio.run(serve(pieces, config))
