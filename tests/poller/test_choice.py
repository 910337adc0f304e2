"""Which poller a loop gets, and who may say so."""

import os
import subprocess
import sys

import pytest

DESCRIBE = "loop = ouroloop.EventLoop({argument}); print(type(loop.poller).__name__); loop.close()"


def describe(argument="", **environment):
    """The class of the poller that a fresh interpreter gives a loop."""
    process = subprocess.run(
        [sys.executable, "-c", "import ouroloop\n" + DESCRIBE.format(argument=argument)],
        env={**{key: value for key, value in os.environ.items() if key != "OUROLOOP_POLLER"}, **environment},
        capture_output=True,
        text=True,
        timeout=30,
    )
    return process.stdout.strip() or process.stderr.strip().splitlines()[-1]


def test_epoll_is_the_choice_where_the_system_has_it():
    assert describe() == "EpollPoller"


@pytest.mark.parametrize(("kind", "expected"), [("epoll", "EpollPoller"), ("poll", "PollPoller")])
def test_poller_can_be_chosen_by_an_argument_and_by_the_environment(kind, expected):
    assert describe(f"poller={kind!r}") == expected
    assert describe(OUROLOOP_POLLER=kind) == expected


def test_argument_wins_over_the_environment():
    assert describe("poller='poll'", OUROLOOP_POLLER="epoll") == "PollPoller"
    assert describe("poller=None", OUROLOOP_POLLER="poll") == "PollPoller"


def test_empty_variable_counts_as_none():
    assert describe(OUROLOOP_POLLER="") == "EpollPoller"


@pytest.mark.parametrize("environment", [{}, {"OUROLOOP_POLLER": "kqueue"}])
def test_unknown_poller_is_refused_with_the_names_of_the_known(environment):
    last_line = describe("" if environment else "poller='kqueue'", **environment)
    assert last_line == "ValueError: unknown poller 'kqueue': this system has epoll, poll"


def test_wrong_poller_opens_no_descriptor():
    import ouroloop

    before = set(os.listdir("/proc/self/fd"))
    with pytest.raises(ValueError, match="unknown poller"):
        ouroloop.EventLoop(poller="none such")
    assert set(os.listdir("/proc/self/fd")) == before
