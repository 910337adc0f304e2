"""Medians, spread and paired ratios."""

import pytest
from benchmarks.figures import Summary, geometric_mean, paired_ratios, summarize


def test_summary_is_the_median_with_the_lowest_and_the_highest():
    assert summarize([5, 1, 4]) == Summary(4, 1, 5)


def test_median_of_an_even_number_lies_between_the_middle_two():
    assert summarize([1, 2, 4, 9]) == Summary(3, 1, 9)


def test_summary_of_nothing_is_none():
    assert summarize([]) is None


def test_ratios_are_paired_within_a_round():
    assert paired_ratios({1: 100, 2: 20}, {1: 50, 2: 5}, "more") == [2, 4]


def test_median_of_paired_ratios_is_not_the_ratio_of_medians():
    mine, other = {1: 10, 2: 200, 3: 30}, {1: 5, 2: 50, 3: 60}
    ratios = summarize(paired_ratios(mine, other, "more"))
    assert ratios.median == 2
    assert summarize(mine.values()).median / summarize(other.values()).median == 30 / 50


def test_ratio_of_costs_is_turned_so_that_above_one_is_better():
    assert paired_ratios({1: 2.0}, {1: 8.0}, "less") == [4]


def test_round_that_one_of_the_two_missed_does_not_count():
    assert paired_ratios({1: 1, 2: 6, 4: 1}, {2: 3, 3: 1}, "more") == [2]


def test_round_without_a_positive_figure_has_no_ratio():
    assert paired_ratios({1: 0, 2: 5, 3: -1}, {1: 5, 2: 0, 3: 5}, "more") == []


def test_geometric_mean_of_a_factor_and_its_inverse_is_one():
    assert geometric_mean([8, 1 / 8]) == pytest.approx(1)
    assert geometric_mean([2, 8]) == pytest.approx(4)


def test_geometric_mean_of_nothing_is_none():
    assert geometric_mean([]) is None
