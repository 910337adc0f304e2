"""Answers by Tornado's server, until it is told to stop."""

import asyncio
import logging
import signal
import sys

from tornado.web import Application, RequestHandler


class Answer(RequestHandler):
    async def get(self):
        await asyncio.sleep(0)
        self.write({"path": self.request.path, "numbers": list(range(50))})


async def main(port):
    logging.getLogger("tornado.access").setLevel(logging.ERROR)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    server = Application([("/", Answer)]).listen(port, "127.0.0.1")
    await stop.wait()
    server.stop()
    await server.close_all_connections()


asyncio.run(main(int(sys.argv[1])))
