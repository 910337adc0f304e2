"""What the pictures show, and that they can be drawn."""

import subprocess
import sys
from importlib.util import find_spec
from xml.etree import ElementTree

import pytest
from benchmarks.child import ROOT
from benchmarks.pictures import PictureError, draw, rows_of
from benchmarks.record import Book, Case, Sample
from benchmarks.report import picture_name, render


def test_peers_are_compared_by_their_first_figure(record):
    rows, axis = rows_of(record)
    assert axis == "requests/s"
    assert {peer: bar.median for peer, bar in rows["10 connections"].items()} == {
        "ouroloop": 300,
        "uvloop": 200,
        "C": 300,
    }


def test_cases_of_a_few_peers_are_drawn_only_where_there_are_few_others(record):
    metrics = record.cases[0].metrics
    record.cases.append(Case("few", "1 connection", metrics, {"everyone": 0}))
    record.cases.append(Case("more", "100 connections", metrics, {"everyone": 1}))
    record.samples += [Sample(key, "uvloop", 1, {"rate": 100}) for key in ("few", "more")]
    assert list(rows_of(record)[0]) == ["10 connections", "100 connections"]
    record.cases[0].parameters["everyone"] = 0
    assert list(rows_of(record)[0]) == ["10 connections", "1 connection", "100 connections"]


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


def test_rendering_draws_or_says_why_not(record, tmp_path):
    # In a process of its own, because matplotlib keeps its fonts open.
    page, samples = tmp_path / "page.md", tmp_path / "samples.json"
    Book([record]).save(samples)
    command = [sys.executable, "-m", "benchmarks", "--render", "--out", page, "--json", samples]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=50, check=True)
    pictures = [path.name for path in tmp_path.glob("page/*")]
    if find_spec("matplotlib") is None:
        assert pictures == []
        assert "Without pictures: matplotlib is not there" in done.stderr
        assert "](page/" not in page.read_text()
    else:
        assert pictures == [picture_name(record)] == ["protocol-3.13.svg"]
        text = "".join(ElementTree.parse(tmp_path / "page" / pictures[0]).getroot().itertext())
        assert all(word in text for word in ("requests/s", "ouroloop", "uvloop", "10 connections"))
        assert "](page/protocol-3.13.svg)" in page.read_text()


def test_page_shows_the_pictures_that_there_are(make_record):
    book = Book([make_record(), make_record("sock")])
    page = render(book, [], ["sock-3.13.svg"], "figures")
    assert page.count("](figures/") == 1
    assert "](figures/sock-3.13.svg)" in page
