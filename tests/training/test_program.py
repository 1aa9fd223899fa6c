"""Programs that are shared between runs."""

import numpy as np

from gtx.training.program import Program, shared_programs

X = np.arange(3, dtype=np.float32)


def shifted(by):
    by = np.asarray(by, np.float32)
    return Program(lambda x: x + by)


def test_within_the_block_equal_programs_are_compiled_once():
    with shared_programs():
        first, second, other = shifted([1, 2, 3]), shifted([1, 2, 3]), shifted([1, 2, 4])
        np.testing.assert_array_equal(first(X), [1, 3, 5])
        np.testing.assert_array_equal(second(X), [1, 3, 5])
        np.testing.assert_array_equal(other(X), [1, 3, 6])  # a constant differs
        counts = [each.num_compilations for each in (first, second, other)]
        assert counts == [1, 0, 1]
        np.testing.assert_array_equal(second(X + 1), [2, 4, 6])
        assert second.num_compilations == 0
        third = Program(lambda x: {"other": x + np.float32([1, 2, 3])})
        assert list(third(X)) == ["other"]  # the same text, and another structure
    after = shifted([1, 2, 3])
    after(X)
    assert after.num_compilations == 1
