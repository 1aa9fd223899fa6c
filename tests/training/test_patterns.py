"""Patterns over the names of parameters."""

import pytest

from gtx.training.patterns import check_patterns, covering, matches, matching

NAMES = (
    "embed/node_atom/table/embedding",
    "embed/node_x[0]/kernel",
    "block_1/norm/scale",
    "block_10/norm/scale",
    "head/linear_0/kernel",
)


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("embed", (0, 1)),
        ("block_1", (2,)),
        ("block_1*", (2, 3)),
        ("block_*/norm", (2, 3)),
        ("*/scale", (2, 3)),
        ("embed/node_x[0]", (1,)),  # as it is, though it is also a pattern of another name
        ("head/linear_0/kernel", (4,)),
        ("linear_0", ()),
    ],
)
def test_a_pattern_stands_for_a_parameter_or_for_what_is_in_a_module(pattern, found):
    assert matching(NAMES, (pattern,)) == {NAMES[place] for place in found}
    assert [matches(name, pattern) for name in NAMES] == [place in found for place in range(5)]


def test_a_pattern_of_nothing_is_refused_with_the_nearest_name():
    check_patterns("frozen", ("embed", "head/*"), NAMES)
    with pytest.raises(ValueError, match=r"frozen: 'blok_1' matches no .*mean 'block_1'\?"):
        check_patterns("frozen", ("embed", "blok_1"), NAMES)


def test_a_message_names_the_outermost_modules():
    assert covering(NAMES[:2], NAMES[2:]) == ["embed"]
    assert covering(NAMES[:1], NAMES[1:]) == ["embed/node_atom"]
    assert covering(NAMES[2:], NAMES[:2]) == ["block_1", "block_10", "head"]
    assert covering(["a/b"], ["a/b"]) == ["a/b"]
