"""Whoever waits for room to write, and is cancelled when: nobody sleeps beside room, or after the connection."""

import asyncio
import os

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

few = st.integers(0, 3)
# For each who writes: how long it waits before it drains, as often as there are numbers.
WRITERS = st.lists(st.lists(few, min_size=1, max_size=4), min_size=1, max_size=6)
ACTIONS = st.lists(
    st.tuples(st.sampled_from(["pause", "resume", "cancel", "go on"]), st.integers(0, 5)), max_size=16
)
END = st.sampled_from(["room", "lost", "failed"])
# Steps after which nothing moves any more.
STEPS_MAX = 60


async def steps(count):
    for _ in range(count):
        await asyncio.sleep(0)


class FailedError(OSError):
    """What the connection fails with."""


async def play(loop, protocol, writers, actions, end):
    async def writer(waits):
        for wait in waits:
            await steps(wait)
            await protocol._drain_helper()

    running = [loop.create_task(writer(waits)) for waits in writers]
    is_paused = False
    for action, number in actions:
        if action == "cancel":
            # At once, with nobody running between what woke the victim and this.
            running[number % len(running)].cancel()
        elif action == "go on":
            await steps(number)
        elif (action == "pause") != is_paused:
            is_paused = not is_paused
            protocol.pause_writing() if is_paused else protocol.resume_writing()
    if end == "room" and is_paused:
        protocol.resume_writing()
    elif end != "room":
        protocol.connection_lost(FailedError() if end == "failed" else None)
    await steps(STEPS_MAX)
    assert all(each.done() for each in running), "asleep for ever"
    return [each.exception() for each in running if not each.cancelled()]


@settings(
    max_examples=int(os.environ.get("OUROLOOP_SCHEDULES", "150")),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(writers=WRITERS, actions=ACTIONS, end=END)
def test_nobody_waits_beside_room_or_after_the_connection(only_ours, loop, writers, actions, end):
    protocol = only_ours.FlowControlMixin(loop)
    errors = loop.run_until_complete(play(loop, protocol, writers, actions, end))
    allowed = {"room": (), "lost": (ConnectionResetError,), "failed": (ConnectionResetError, FailedError)}[
        end
    ]
    assert all(error is None or isinstance(error, allowed) for error in errors)
