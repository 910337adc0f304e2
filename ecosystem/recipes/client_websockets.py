"""websocket-client, 16 threads"""

import sys
import threading
import time

import websocket

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


def main(port, seconds):
    counts, errors = [], []
    deadline = time.monotonic() + seconds
    threads = [threading.Thread(target=load, args=(port, deadline, counts, errors)) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(f"{len(counts)} requests in {seconds} s")
    if errors:
        print(f"Socket errors: {len(errors)}, the first {errors[0]}")


main(int(sys.argv[1]), float(sys.argv[2]))
