"""Answers by uvicorn, of a few pieces each."""

import sys

import uvicorn
from ecosystem_load import pieces

uvicorn.run(
    pieces,
    port=int(sys.argv[1]),
    loop="ouroloop:new_event_loop",
    access_log=False,
    lifespan="off",
    log_level="error",
)
