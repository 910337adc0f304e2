"""A small record to render and store, in which every figure on the page can be told beforehand."""

import pytest
from benchmarks.record import Case, Contender, Metric, Record, Sample

RATE = Metric("rate", "requests/s", better="more")
COST = Metric("cost", "CPU", "µs", "less")


def build_record(question="protocol", python="CPython 3.13.0", layout="peers", **changes):
    samples = [
        Sample("ten", peer, turn, {"rate": rate, "cost": 1e6 / rate})
        for peer, rates in {
            "uvloop": (100, 200, 400),
            "ouroloop": (150, 300, 500),
            "C": (300, 300, 500),
        }.items()
        for turn, rate in enumerate(rates, start=1)
    ]
    values = {
        "question": question,
        "title": "TCP echo",
        "about": "What it is.",
        "layout": layout,
        "baseline": "uvloop",
        "limits": ["C"],
        "contenders": [
            Contender("ouroloop", "0.1.0"),
            Contender("uvloop", "0.23.0"),
            Contender("rloop", missing="not installed"),
            Contender("C"),
        ],
        "cases": [Case("ten", "10 connections", (RATE, COST), {"connections": 10})],
        "rounds": 3,
        "conditions": {
            "python": python,
            "machine": "a machine",
            "cores": "server on core 0",
            "date": "2030-01-01",
        },
        "samples": samples,
    }
    return Record(**{**values, **changes})


@pytest.fixture
def make_record():
    return build_record


@pytest.fixture
def record():
    return build_record()
