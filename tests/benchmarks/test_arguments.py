"""The command line."""

from pathlib import Path

import pytest
from benchmarks.arguments import PAGE, TRIAL_PAGE, parse
from benchmarks.peers import PEERS
from benchmarks.questions import QUESTIONS


def test_every_question_and_peer_is_measured_five_times_unless_told_otherwise():
    arguments = parse([])
    assert arguments.questions == tuple(QUESTIONS)
    assert arguments.peers == PEERS
    assert arguments.settings.rounds == 5
    assert arguments.page == PAGE
    assert arguments.results == PAGE.with_suffix(".json")


def test_questions_are_asked_once_and_in_their_own_order():
    assert parse(["streams", "protocol", "streams"]).questions == ("protocol", "streams")


def test_trial_leaves_the_published_page_alone():
    arguments = parse(["--trial"])
    assert arguments.settings.rounds == 1
    assert arguments.page == TRIAL_PAGE
    assert arguments.results == TRIAL_PAGE.with_suffix(".json")


def test_quick_run_is_published_and_has_fewer_cases():
    arguments = parse(["--quick"])
    assert arguments.settings.brief
    assert arguments.settings.rounds == 3
    assert arguments.page == PAGE
    for question in QUESTIONS.values():
        brief = {case.key for case in question.cases(arguments.settings)}
        assert brief <= {case.key for case in question.cases(parse([]).settings)}


def test_what_is_said_goes_before_what_a_trial_implies(tmp_path):
    page = tmp_path / "page.md"
    arguments = parse(["--trial", "--rounds", "3", "--seconds", "2", "--warm", "0", "--out", str(page)])
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
