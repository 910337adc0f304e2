"""websocket-client, 16 threads"""

import time

import websocket
from ecosystem_load import load_from_threads

THREADS = 16
MESSAGES_A_CONNECTION = 200


def load(port, deadline, counts, errors):
    payloads = ["short", "x" * 1000, "y" * 70_000]
    while time.monotonic() < deadline:
        try:
            connection = websocket.create_connection(f"ws://127.0.0.1:{port}/", timeout=20)
            for number in range(MESSAGES_A_CONNECTION):
                payload = payloads[number % 3]
                connection.send(payload)
                if connection.recv() != payload:
                    errors.append("another message came back")
                counts.append(1)
                if time.monotonic() >= deadline:
                    break
            connection.close()
        except Exception as error:
            errors.append(repr(error))


load_from_threads(THREADS, load)
