"""A server by asyncssh that lets anybody in and answers each command with what it was sent."""

import asyncio
import sys

import asyncssh


class Anybody(asyncssh.SSHServer):
    def begin_auth(self, username):
        return False


async def answer(process):
    text = await process.stdin.read()
    process.stdout.write(text.upper())
    process.exit(0)


async def main(port):
    key = asyncssh.generate_private_key("ssh-ed25519")
    server = await asyncssh.listen(
        "127.0.0.1", port, server_factory=Anybody, server_host_keys=[key], process_factory=answer
    )
    await server.wait_closed()


asyncio.run(main(int(sys.argv[1])))
