"""Records on disk, and which one takes the place of which."""

import json

import pytest
from benchmarks.record import Book, BookError, replace_text


def test_book_reads_back_what_it_saved(tmp_path, record):
    path = tmp_path / "new" / "results.json"
    Book([record]).save(path)
    assert Book.load(path).records == [record]


@pytest.mark.parametrize(("limit", "limits"), [("C, epoll", ["C, epoll"]), ("", [])])
def test_file_of_the_time_of_one_limit_is_read(tmp_path, record, limit, limits):
    path = tmp_path / "results.json"
    Book([record]).save(path)
    older = json.loads(path.read_text())
    del older["records"][0]["limits"]
    older["records"][0]["limit"] = limit
    path.write_text(json.dumps(older))
    assert Book.load(path).records[0].limits == limits


def test_absent_file_is_an_empty_book(tmp_path):
    assert Book.load(tmp_path / "none.json").records == []


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"format": 99, "records": []}', '{"format": 1, "records": [{}]}']
)
def test_file_of_another_kind_is_refused(tmp_path, text):
    path = tmp_path / "results.json"
    path.write_text(text)
    with pytest.raises(BookError, match=r"results\.json"):
        Book.load(path)


def test_record_takes_the_place_of_the_one_on_the_same_minor_version(make_record):
    old, new = make_record(python="CPython 3.13.0"), make_record(python="CPython 3.13.9")
    other = make_record(python="CPython 3.11.7")
    book = Book([old, other])
    book.add(new)
    assert book.records == [new, other]


def test_record_without_samples_does_not_replace_figures(make_record, record):
    book = Book([record])
    book.add(make_record(samples=[], unfinished="not reached"))
    assert book.records == [record]


def test_record_without_samples_is_kept_where_there_is_none(make_record, record):
    empty = make_record("sock", samples=[], unfinished="not reached")
    book = Book([record])
    book.add(empty)
    assert book.records == [record, empty]


def test_values_are_by_round_and_skip_what_failed(record):
    del record.samples[1].figures["rate"]
    assert record.values("ten", "uvloop", "rate") == {1: 100, 3: 400}


def test_file_is_replaced_whole(tmp_path):
    path = tmp_path / "page.md"
    replace_text(path, "first")
    replace_text(path, "second")
    assert path.read_text() == "second"
    assert list(tmp_path.iterdir()) == [path]


def test_saved_book_names_its_format(tmp_path):
    Book().save(tmp_path / "results.json")
    assert json.loads((tmp_path / "results.json").read_text()) == {"format": 1, "records": []}
