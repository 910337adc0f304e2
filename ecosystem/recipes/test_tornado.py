"""Tornado's server and client inside a program that made the loop, as its documentation starts them."""

import asyncio

import pytest
from ecosystem_programs import LOOP, LOOP_MODULE
from tornado.httpclient import AsyncHTTPClient
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port
from tornado.web import Application, RequestHandler
from tornado.websocket import WebSocketHandler, websocket_connect


class Loop(RequestHandler):
    async def get(self):
        await asyncio.sleep(0.001)
        self.write(type(asyncio.get_running_loop()).__module__)


class Echo(WebSocketHandler):
    async def on_message(self, message):
        await self.write_message(message, binary=isinstance(message, bytes))


@pytest.mark.parametrize("way", ["taken over", "asked for"])
def test_server_and_client_on_one_loop(way):
    async def main():
        listener, port = bind_unused_port()
        server = HTTPServer(Application([("/", Loop), ("/echo", Echo)]))
        server.add_socket(listener)
        client = AsyncHTTPClient(max_clients=20)
        answers = await asyncio.gather(*(client.fetch(f"http://127.0.0.1:{port}/") for _ in range(100)))
        assert all(answer.body.decode().startswith(LOOP_MODULE) for answer in answers)
        socket = await websocket_connect(f"ws://127.0.0.1:{port}/echo", compression_options={})
        for message in ("text", b"bytes" * 50_000):
            await socket.write_message(message, binary=isinstance(message, bytes))
            assert await socket.read_message() == message
        socket.close()
        server.stop()
        await server.close_all_connections()

    run = asyncio.run if way == "taken over" or LOOP == "asyncio" else __import__(LOOP).run
    run(main())
