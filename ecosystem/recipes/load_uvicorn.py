"""Answers by uvicorn, of a few pieces each."""

import sys

import uvicorn


async def app(scope, receive, send):
    assert scope["type"] == "http"
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    for number in range(4):
        await send({"type": "http.response.body", "body": b"piece" * 50, "more_body": number < 3})


uvicorn.run(
    app,
    port=int(sys.argv[1]),
    loop="ouroloop:new_event_loop",
    access_log=False,
    lifespan="off",
    log_level="error",
)
