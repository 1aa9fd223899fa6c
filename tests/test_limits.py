"""What an annotation allows, and what it says."""

import dataclasses
import math
from typing import Annotated, Literal

import pytest

from gtx import limits

CASES = [
    (int, [0, -3], [True, 1.0, "1", None], "an integer"),
    (limits.Width, [1, 64], [0, 2**16, True], "an integer of at least 1 and below 65536"),
    (float, [1.5, 2], [math.nan, math.inf, "1", True], "a finite number"),
    (limits.Rate, [0.0, 0.5], [1.0, -0.1], "a finite number, at least 0 and below 1"),
    (bool, [True], [1, "yes"], "True or False"),
    (str, ["", "a"], [1, None], "a text"),
    (limits.Name, ["a"], ["", "  "], "a text that is not empty"),
    (Literal["a", "b"], ["a"], ["c", 1], "one of a, b"),
    (Literal[1, 2], [1], [True, 3, 1.0], "one of 1, 2"),
    (tuple[int, ...], [(), (1, 2)], [[1], (1.5,), 1], "a tuple: an integer in each place"),
    (tuple[int, int], [(1, 2)], [(1,), (1, 2, 3)], "a tuple of length 2"),
    (int | None, [None, 3], ["x"], "an integer or None"),
]


@pytest.mark.parametrize(("annotation", "good", "bad", "words"), CASES, ids=str)
def test_an_annotation_allows_what_it_says(annotation, good, bad, words):
    rule = limits.rule_of(annotation)
    assert all(rule.allows(value) for value in good)
    assert not any(rule.allows(value) for value in bad)
    assert rule.wanted.startswith(words)


def test_a_whole_object_is_checked_field_by_field():
    @dataclasses.dataclass
    class Thing:
        dim: limits.Width
        rate: Annotated[float, limits.Real(above=0.0)] = 1.0

    limits.check(Thing(3))
    with pytest.raises(ValueError, match="Thing.rate: 0.0 is not .* a finite number, above 0"):
        limits.check(Thing(3, 0.0))
