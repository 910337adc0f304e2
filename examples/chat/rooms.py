"""Rooms, without a network: who is in which, and what each member has yet to be sent.

A member's messages wait in a queue of a fixed size. Whoever reads too slowly to empty it is dropped, so one bad
connection neither holds the room up nor grows the server.
"""

import asyncio
from collections import deque
from dataclasses import dataclass, field
from typing import Any

Message = dict[str, Any]

UNSENT_MAX = 100
HISTORY_MAX = 50


class NameTakenError(Exception):
    """Somebody in the room has this name already."""


@dataclass(eq=False)
class Member:
    """Somebody in a room. `unsent` is theirs to empty; `dropped` is set when they did not."""

    name: str
    unsent: asyncio.Queue[Message] = field(default_factory=lambda: asyncio.Queue(UNSENT_MAX))
    dropped: asyncio.Event = field(default_factory=asyncio.Event)

    def deliver(self, message: Message) -> None:
        try:
            self.unsent.put_nowait(message)
        except asyncio.QueueFull:
            self.dropped.set()


class Room:
    """A name, its members, and the last messages, which newcomers get."""

    def __init__(self) -> None:
        self.members: dict[str, Member] = {}
        self.history: deque[Message] = deque(maxlen=HISTORY_MAX)

    def enter(self, name: str) -> Member:
        if name in self.members:
            raise NameTakenError(name)
        member = self.members[name] = Member(name)
        member.deliver({"kind": "history", "messages": list(self.history)})
        self.tell({"kind": "came", "name": name, "present": sorted(self.members)})
        return member

    def leave(self, member: Member) -> None:
        del self.members[member.name]
        self.tell({"kind": "left", "name": member.name, "present": sorted(self.members)})

    def say(self, member: Member, text: str) -> None:
        message = {"kind": "said", "name": member.name, "text": text}
        self.history.append(message)
        self.tell(message)

    def tell(self, message: Message) -> None:
        for member in self.members.values():
            member.deliver(message)


class Rooms:
    """All rooms by name. A room is there while somebody is in it."""

    def __init__(self) -> None:
        self.by_name: dict[str, Room] = {}

    def enter(self, room_name: str, name: str) -> tuple[Room, Member]:
        room = self.by_name.get(room_name) or Room()
        member = room.enter(name)
        self.by_name[room_name] = room
        return room, member

    def leave(self, room_name: str, member: Member) -> None:
        room = self.by_name[room_name]
        room.leave(member)
        if not room.members:
            del self.by_name[room_name]
