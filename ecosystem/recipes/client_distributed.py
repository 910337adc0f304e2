"""Dask's client, 50 tasks at once"""

import sys
import time

from distributed import Client


def square(number):
    return number * number


def main(port, seconds):
    deadline = time.monotonic() + seconds
    count = 0
    with Client(f"tcp://127.0.0.1:{port}", set_as_default=False) as client:
        while time.monotonic() < deadline:
            numbers = range(count, count + 50)
            results = client.gather(client.map(square, numbers))
            assert results == [number * number for number in numbers], results
            count += len(results)
    print(f"{count} requests in {seconds} s")


main(int(sys.argv[1]), float(sys.argv[2]))
