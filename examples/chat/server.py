"""A chat server with rooms: a page to chat in, and the WebSocket behind it.

    python examples/chat/server.py --port 8000

GET /                       the page
WS  /rooms/ROOM?name=NAME   JSON both ways: {"text": ...} in; history, came, left, said and error out
"""

import argparse
import asyncio
import json
from contextlib import suppress
from pathlib import Path

import uvicorn
from rooms import Member, NameTakenError, Room, Rooms
from starlette.applications import Starlette
from starlette.responses import FileResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

TEXT_LENGTH_MAX = 2_000
NAME_LENGTH_MAX = 30
FRAME_BYTES_MAX = 16_384
CLOSE_SECONDS_MAX = 1.0
# Of RFC 6455 and its registry: what a client did wrong, and "try again later".
POLICY_VIOLATION, TRY_AGAIN_LATER = 1008, 1013

rooms = Rooms()


async def page(_request: object) -> FileResponse:
    return FileResponse(Path(__file__).parent / "page.html")


async def chat(websocket: WebSocket) -> None:
    """One connection, from its handshake to its end."""
    await websocket.accept()
    room_name = websocket.path_params["room"]
    name = websocket.query_params.get("name", "").strip()
    if not 0 < len(name) <= NAME_LENGTH_MAX:
        await websocket.close(POLICY_VIOLATION, f"a name has 1 to {NAME_LENGTH_MAX} characters")
        return
    try:
        room, member = rooms.enter(room_name, name)
    except NameTakenError:
        await websocket.close(POLICY_VIOLATION, f"{name} is in this room already: take another name")
        return
    try:
        await talk(websocket, room, member)
    finally:
        rooms.leave(room_name, member)
    if member.dropped.is_set():
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_SECONDS_MAX):
                await websocket.close(TRY_AGAIN_LATER, "you read too slowly")


async def talk(websocket: WebSocket, room: Room, member: Member) -> None:
    """Reads and writes at the same time, until either ends or the member is dropped."""
    tasks = [
        asyncio.create_task(send(websocket, member)),
        asyncio.create_task(receive(websocket, room, member)),
        asyncio.create_task(member.dropped.wait()),
    ]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    for outcome in outcomes:
        if isinstance(outcome, Exception) and not isinstance(outcome, WebSocketDisconnect):
            raise outcome


async def send(websocket: WebSocket, member: Member) -> None:
    while True:
        await websocket.send_text(json.dumps(await member.unsent.get()))


async def receive(websocket: WebSocket, room: Room, member: Member) -> None:
    while True:
        text = text_of(await websocket.receive_text())
        if text is None:
            complaint = f'send {{"text": "..."}} with 1 to {TEXT_LENGTH_MAX} characters'
            member.deliver({"kind": "error", "text": complaint})
        else:
            room.say(member, text)


def text_of(frame: str) -> str | None:
    """What somebody says, or None for what is no message."""
    try:
        message = json.loads(frame)
    except ValueError:
        return None
    text = message.get("text") if isinstance(message, dict) else None
    return text if isinstance(text, str) and 0 < len(text.strip()) <= TEXT_LENGTH_MAX else None


app = Starlette(routes=[Route("/", page), WebSocketRoute("/rooms/{room}", chat)])


def main() -> None:
    parser = argparse.ArgumentParser(description="A chat server with rooms.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000, help="0 takes a free one")
    options = parser.parse_args()
    uvicorn.run(
        app,
        host=options.host,
        port=options.port,
        loop="ouroloop:new_event_loop",
        ws_max_size=FRAME_BYTES_MAX,
        timeout_graceful_shutdown=2,
    )


if __name__ == "__main__":
    main()
