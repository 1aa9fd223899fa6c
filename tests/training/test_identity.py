import functools

import numpy as np

from gtx.training.identity import _spelling as spelling
from gtx.training.identity import differences, fingerprint
from tests.training import small


def test_differences_name_the_path_and_both_values():
    old = {"a": {"b": 1, "c": [1, 2]}, "gone": None, "same": "x"}
    new = {"a": {"b": 2, "c": [1, 3]}, "new": True, "same": "x"}
    assert differences(old, new) == ["a.b: 1 -> 2", "a.c: [1, 2] -> [1, 3]", "new: null -> true"]


def test_a_difference_deep_in_a_long_text_is_shown():
    (line,) = differences(
        {"model": "x" * 500 + "dim=4" + "y" * 500}, {"model": "x" * 500 + "dim=8"}
    )
    assert "dim=4" in line and "dim=8" in line and len(line) < 300


def test_a_spelling_has_no_addresses():
    spelled = spelling(functools.partial(np.tile, reps=lambda: None))
    assert " at 0x" not in spelled and "tile" in spelled


def test_a_fingerprint_changes_with_every_part_that_is_read():
    base = fingerprint(small.dataset(5))
    assert fingerprint(small.dataset(5)) == base
    for change in ("labels", "senders", "ids"):
        other = small.dataset(5)
        array = getattr(other, change)
        array[...] = np.roll(array, 1, axis=0)
        assert fingerprint(other) != base, change
    other = small.dataset(5)
    other.nodes["feat"][0, 0] += 1e-3
    assert fingerprint(other) != base
