"""What the pictures show, and that they can be drawn."""

import sys
from xml.etree import ElementTree

import pytest
from benchmarks.pictures import PictureError, draw, rows_of
from benchmarks.record import Book, Case
from benchmarks.report import picture_name, render


def test_peers_are_compared_by_their_first_figure(record):
    rows, axis = rows_of(record)
    assert axis == "requests/s"
    assert {peer: bar.median for peer, bar in rows["10 connections"].items()} == {
        "ouroloop": 300,
        "uvloop": 200,
        "C": 300,
    }


def test_cases_of_a_few_peers_stay_out_of_the_picture(record):
    metrics = record.cases[0].metrics
    record.cases[0].parameters["everyone"] = 1
    record.cases.append(Case("few", "1 connection", metrics, {"everyone": 0}))
    rows, _ = rows_of(record)
    assert list(rows) == ["10 connections"]


def test_many_figures_are_drawn_as_ratios_to_the_baseline(make_record):
    rows, axis = rows_of(make_record(layout="metrics"))
    assert axis == "times as good as uvloop"
    assert rows["requests/s"]["ouroloop"].median == 1.5
    assert "uvloop" not in rows["requests/s"]


def test_record_without_figures_has_no_picture(make_record, tmp_path):
    draw([make_record(samples=[])], tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_without_matplotlib_the_reason_is_told(record, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(PictureError, match="the dependency group bench has it"):
        draw([record], tmp_path)


def test_picture_is_svg_with_its_words_in_it(record, tmp_path):
    pytest.importorskip("matplotlib", reason="pictures are drawn with matplotlib, which the tests do without")
    draw([record], tmp_path)
    (path,) = tmp_path.iterdir()
    assert path.name == picture_name(record) == "protocol-3.13.svg"
    text = "".join(ElementTree.parse(path).getroot().itertext())
    assert all(word in text for word in ("requests/s", "ouroloop", "uvloop", "10 connections"))


def test_page_shows_the_pictures_that_there_are(make_record):
    book = Book([make_record(), make_record("sock")])
    page = render(book, [], ["sock-3.13.svg"], "figures")
    assert page.count("](figures/") == 1
    assert "](figures/sock-3.13.svg)" in page
