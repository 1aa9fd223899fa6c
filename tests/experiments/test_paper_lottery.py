"""E17: where edges and matrices take equal time, and what the page shows of it."""

import numpy as np
import pytest

from experiments.paper.claims import e17_hardware_lottery


def point(edges, ratio):
    """A size of 100 nodes at which edges take `ratio` times as long as matrices."""
    times = {"masked dense": 1.0, "blocked masked dense": 2.0, "edges": ratio, "blocked edges": 9.0}
    forms = {form: dict(p25=0.9 * t, median=t, p75=1.1 * t) for form, t in times.items()}
    return dict(n=100, edges=edges) | {name: dict(forms) for name in e17_hardware_lottery.PASSES}


LOTTERY = dict(
    points=[point(100, 0.25), point(10_000, 4.0)],
    crossover_density={name: {"100": 0.1} for name in e17_hardware_lottery.PASSES},
    device="a chip",
)


@pytest.mark.parametrize(
    "ratios, expected",
    [((0.25, 4.0), 0.1), ((0.5, 0.9), 1.0), ((2.0, 4.0), 0.0), ((0.5, 8.0), 10**-1.5)],
)
def test_the_crossover_is_where_both_take_equal_time(ratios, expected):
    points = [point(100, ratios[0]), point(10_000, ratios[1])]
    assert e17_hardware_lottery.sparse_over_dense(points[0], "forward") == ratios[0]
    np.testing.assert_allclose(e17_hardware_lottery.crossover(points, "forward"), expected)


def test_a_size_without_its_densest_points_crosses_where_it_was_measured_last():
    points = [point(100, 0.25), point(1000, 0.5)]
    np.testing.assert_allclose(e17_hardware_lottery.crossover(points, "forward"), 0.1)
    assert e17_hardware_lottery._share(0.1, 0.1) == "up to 0.1, the most"
    assert e17_hardware_lottery._share(0.0, 0.1) == "never"


def test_plain_edges_are_compared_where_they_ran():
    points = [point(100, 0.25), point(10_000, 4.0)]
    del points[1]["forward"]["edges"]
    assert e17_hardware_lottery.plain_over_dense(points) == [0.25, 0.25, 4.0]
    np.testing.assert_allclose(e17_hardware_lottery.spread(points)["largest"], 0.2)


def test_the_table_shows_the_crossover_of_each_size_the_device_and_the_spread():
    lines = e17_hardware_lottery.crossover_table(LOTTERY, "a machine")
    assert "| 100 | 0.1 | 0.1 | 20 % | 20 % |" in lines
    assert "a chip, a machine" in lines[0]
