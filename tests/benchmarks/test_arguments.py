"""The command line."""

from pathlib import Path

import pytest
from benchmarks.arguments import PAGE, QUICK_PAGE, parse
from benchmarks.peers import LOOPS
from benchmarks.questions import QUESTIONS


def test_every_question_and_peer_is_measured_five_times_unless_told_otherwise():
    arguments = parse([])
    assert arguments.questions == tuple(QUESTIONS)
    assert arguments.peers == LOOPS
    assert arguments.settings.rounds == 5
    assert arguments.page == PAGE
    assert arguments.results == PAGE.with_suffix(".json")


def test_questions_are_asked_once_and_in_their_own_order():
    assert parse(["streams", "protocol", "streams"]).questions == ("protocol", "streams")


def test_quick_run_leaves_the_published_page_alone():
    arguments = parse(["--quick"])
    assert arguments.settings.rounds == 1
    assert arguments.page == QUICK_PAGE
    assert arguments.results == QUICK_PAGE.with_suffix(".json")


def test_what_is_said_goes_before_what_quick_implies(tmp_path):
    page = tmp_path / "page.md"
    arguments = parse(["--quick", "--rounds", "3", "--seconds", "2", "--warm", "0", "--out", str(page)])
    assert (arguments.settings.rounds, arguments.settings.seconds, arguments.settings.warm_seconds) == (
        3,
        2,
        0,
    )
    assert arguments.page == page


def test_sizes_and_connections_are_lists():
    settings = parse(["--conns", "1,10_000", "--sizes", "64", "--pipeline", "16"]).settings
    assert (settings.connections, settings.sizes, settings.pipeline) == ((1, 10_000), (64,), 16)


def test_samples_can_go_elsewhere():
    assert parse(["--json", "elsewhere.json"]).results == Path("elsewhere.json")


def test_peers_are_named_with_commas():
    assert parse(["--peers", "asyncio,rloop"]).peers == ("asyncio", "rloop")


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["nonsense"], "no such question: nonsense"),
        (["--peers", "twisted"], "no such peer: 'twisted'"),
        (["--rounds", "0"], "0 is not positive"),
        (["--rounds", "many"], "invalid"),
        (["--conns", "10,-1"], "-1 is not positive"),
        (["--seconds", "1e9"], "not between 0 and 600"),
    ],
)
def test_mistake_ends_with_usage_and_the_reason(words, complaint, capsys):
    with pytest.raises(SystemExit) as ended:
        parse(words)
    assert ended.value.code == 2
    assert complaint in capsys.readouterr().err


def test_help_lists_every_question(capsys):
    with pytest.raises(SystemExit) as ended:
        parse(["--help"])
    assert ended.value.code == 0
    text = capsys.readouterr().out
    assert all(question.title in text for question in QUESTIONS.values())
