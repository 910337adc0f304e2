"""The text protocol of memcached, without a network: bytes in, bytes out.

Knows get, gets, set, add, replace, delete, incr, decr, touch, flush_all, version and quit, as memcached's protocol.txt
describes them.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

KEY_BYTES_MAX = 250
LINE_BYTES_MAX = 2048
VALUE_BYTES_MAX = 1024 * 1024
# A larger number of seconds is a moment since 1970.
RELATIVE_SECONDS_MAX = 60 * 60 * 24 * 30


class ClientError(Exception):
    """What the client sent makes no sense; the text goes back to it."""


@dataclass
class Item:
    flags: int
    value: bytes
    expires: float | None
    unique: int


class Store:
    """Values by key, with a bound on their size in all: what was used longest ago goes first."""

    def __init__(self, bytes_max: int, clock: Callable[[], float] = time.time) -> None:
        self.bytes_max = bytes_max
        self.clock = clock
        self.size_bytes = 0
        self.changes = 0
        self.items: OrderedDict[bytes, Item] = OrderedDict()

    def get(self, key: bytes) -> Item | None:
        item = self.items.get(key)
        if item is not None and item.expires is not None and item.expires <= self.clock():
            self.delete(key)
            return None
        if item is not None:
            self.items.move_to_end(key)
        return item

    def set(self, key: bytes, flags: int, value: bytes, expires: float | None) -> None:
        self.delete(key)
        self.changes += 1
        self.items[key] = Item(flags, value, expires, self.changes)
        self.size_bytes += len(key) + len(value)
        while self.size_bytes > self.bytes_max:
            self.delete(next(iter(self.items)))

    def delete(self, key: bytes) -> bool:
        item = self.items.pop(key, None)
        if item is not None:
            self.size_bytes -= len(key) + len(item.value)
        return item is not None

    def clear(self) -> None:
        self.items.clear()
        self.size_bytes = 0

    def moment(self, seconds: int) -> float | None:
        """When something with this `exptime` ends: None is never, the past is at once."""
        if seconds == 0:
            return None
        return seconds if seconds > RELATIVE_SECONDS_MAX else self.clock() + seconds


class Session:
    """What one client has sent so far, and the answers to it."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.is_over = False
        self._received = bytearray()
        # A value that is on its way: the words of its command, and how many bytes it has.
        self._storing: list[bytes] | None = None
        self._value_bytes = 0

    def receive(self, data: bytes) -> bytes:
        """Takes what has arrived, in pieces of any size, and returns what is to be sent."""
        self._received += data
        answers: list[bytes] = []
        while not self.is_over:
            answer = self._take_line() if self._storing is None else self._take_value()
            if answer is None:
                break
            answers.append(answer)
        return b"".join(answers)

    def _take_line(self) -> bytes | None:
        end = self._received.find(b"\n")
        if end < 0:
            if len(self._received) <= LINE_BYTES_MAX:
                return None
            self.is_over = True
            return b"CLIENT_ERROR line too long\r\n"
        words = bytes(self._received[:end]).split()
        del self._received[: end + 1]
        try:
            return self._obey(words)
        except ClientError as error:
            return b"CLIENT_ERROR %s\r\n" % str(error).encode()

    def _obey(self, words: list[bytes]) -> bytes:
        match words:
            case [b"get" | b"gets" as command, _, *_]:
                return self._get(words[1:], command == b"gets")
            case [b"set" | b"add" | b"replace", key, _, _, size, *_]:
                return self._begin_value(key, size, words)
            case [b"delete", key, *rest]:
                return quiet(
                    rest, b"DELETED\r\n" if self._has(key) and self.store.delete(key) else b"NOT_FOUND\r\n"
                )
            case [b"incr" | b"decr" as command, key, amount, *rest]:
                return quiet(rest, self._count(key, number(amount) * (1 if command == b"incr" else -1)))
            case [b"touch", key, seconds, *rest]:
                return quiet(rest, self._touch(key, number(seconds)))
            case [b"flush_all", *rest]:
                self.store.clear()
                return quiet(rest, b"OK\r\n")
            case [b"version"]:
                return b"VERSION 1.0 ouroloop\r\n"
            case [b"quit"]:
                self.is_over = True
                return b""
        return b"ERROR\r\n"

    def _has(self, key: bytes) -> bool:
        return self.store.get(checked(key)) is not None

    def _get(self, keys: list[bytes], with_unique: bool) -> bytes:
        answers = []
        for key in keys:
            item = self.store.get(checked(key))
            if item is not None:
                unique = b" %d" % item.unique if with_unique else b""
                answers.append(
                    b"VALUE %s %d %d%s\r\n%s\r\n" % (key, item.flags, len(item.value), unique, item.value)
                )
        return b"".join(answers) + b"END\r\n"

    def _begin_value(self, key: bytes, size: bytes, words: list[bytes]) -> bytes:
        self._value_bytes = number(size)
        if not 0 <= self._value_bytes <= VALUE_BYTES_MAX:
            # What follows cannot be told from commands.
            self.is_over = True
            return b"SERVER_ERROR object too large for cache\r\n"
        checked(key), number(words[2]), number(words[3])
        self._storing = words
        return b""

    def _take_value(self) -> bytes | None:
        assert self._storing is not None
        if len(self._received) < self._value_bytes + 2:
            return None
        words, self._storing = self._storing, None
        value = bytes(self._received[: self._value_bytes])
        if self._received[self._value_bytes : self._value_bytes + 2] != b"\r\n":
            self.is_over = True
            return b"CLIENT_ERROR bad data chunk\r\n"
        del self._received[: self._value_bytes + 2]
        command, key, flags, seconds, _, *rest = words
        if command != b"set" and (command == b"replace") != self._has(key):
            return quiet(rest, b"NOT_STORED\r\n")
        self.store.set(key, number(flags), value, self.store.moment(number(seconds)))
        return quiet(rest, b"STORED\r\n")

    def _count(self, key: bytes, difference: int) -> bytes:
        item = self.store.get(checked(key))
        if item is None:
            return b"NOT_FOUND\r\n"
        if not item.value.isdigit():
            raise ClientError("cannot increment or decrement non-numeric value")
        value = b"%d" % (max(0, int(item.value) + difference) % 2**64)
        self.store.set(key, item.flags, value, item.expires)
        return value + b"\r\n"

    def _touch(self, key: bytes, seconds: int) -> bytes:
        item = self.store.get(checked(key))
        if item is None:
            return b"NOT_FOUND\r\n"
        item.expires = self.store.moment(seconds)
        return b"TOUCHED\r\n"


def quiet(rest: list[bytes], answer: bytes) -> bytes:
    """The answer, unless the client wants none."""
    return b"" if rest[-1:] == [b"noreply"] else answer


def checked(key: bytes) -> bytes:
    if len(key) > KEY_BYTES_MAX:
        raise ClientError(f"a key has at most {KEY_BYTES_MAX} bytes")
    return key


def number(word: bytes) -> int:
    try:
        return int(word)
    except ValueError:
        raise ClientError("bad command line format") from None
