"""Sequences of words as labels: numbers, the vocabulary of train, and what is refused."""

import dataclasses

import numpy as np
import pytest

from gtx.data import DatasetError, GraphSpec, Label
from gtx.data.labels import check_trainable
from gtx.data.sources import LabelledGraphs
from gtx.data.spec import mixed_label
from gtx.data.subtokens import encoded, sequence_label, vocabulary, with_subtokens

SEQUENCES = [
    ["get", "name"],
    ["get", "value", "of", "it"],
    [],
    ["rare"],
    ["name", "rare", "other"],
]


def graphs():
    found = LabelledGraphs(num_graphs=5).load().without_labels()
    return found.with_split(["train", "train", "train", "valid", "test"])


def test_the_vocabulary_is_the_most_frequent_words_of_train():
    words = vocabulary([["b", "a"], ["a", "b", "c", "d", "d", "e", "a"], ["e", "a", "c"]], 3)
    assert words == ("a", "b", "c")  # b, c, d and e occur twice: the first that were met
    found = with_subtokens(graphs(), SEQUENCES, num_words=3, positions=2)
    found.check()
    label = found.spec.label
    assert label.names == ("get", "name", "value") and label.dim == 2 * 5
    assert (label.positions, label.longest, label.num_columns) == (2, 4, 4)
    expected = np.full((5, 4), np.nan)
    # 3 is the unknown word and 4 the end: words beyond the vocabulary have numbers from 5 on.
    for row, numbers in enumerate([[0, 1], [0, 2, 5, 6], [], [7], [1, 7, 8]]):
        expected[row, : len(numbers)] = numbers
    np.testing.assert_array_equal(found.targets.labels, expected)
    check_trainable(found.part("train"))
    assert GraphSpec.from_json(found.spec.to_json()) == found.spec


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda: with_subtokens(graphs(), SEQUENCES[:3]), "3 sequences for 5 targets"),
        (lambda: with_subtokens(graphs(), ["ab", *SEQUENCES[1:]]), "sequence 0 is 'ab'"),
        (lambda: with_subtokens(graphs(), [[1], *SEQUENCES[1:]]), "each a text"),
        (lambda: with_subtokens(graphs(), [[], [], [], ["a"], []]), "train part has no words"),
        (lambda: Label("graph", "sequence", 4, ("a",), positions=1, longest=1), "dim is 4"),
        (lambda: Label("graph", "sequence", 3, ("a",), longest=1), "positions"),
        (lambda: Label("graph", "regression", 1, positions=1), "Leave them out|leave them out"),
        (
            lambda: mixed_label([dataclasses.replace(sequence_label(["a"], 1, 1), name="s")]),
            "sequences",
        ),
    ],
)
@pytest.mark.usefixtures("unchecked_types")  # which look at one item of a list, at random
def test_what_is_no_sequence_is_refused(change, message):
    with pytest.raises(DatasetError, match=message):
        change()


@pytest.mark.parametrize("row", [[np.nan, 0], [0, 1], [0, 2], [0.5, 0], [-1, 0], [np.inf, 0]])
def test_labels_that_are_no_numbers_of_words_are_refused(row):
    label = sequence_label(["a"], 1, 2)  # 1 is the unknown word and 2 the end
    rows = np.array([[0, 3], row], np.float32)
    with pytest.raises(DatasetError, match="number of a word"):
        graphs().select([0, 1]).with_targets("graph", labels=rows, label=label)


def test_unknown_words_have_numbers_of_their_own():
    numbers = encoded([["x", "y"], ["y", "a"]], ["a"])
    np.testing.assert_array_equal(numbers, [[3, 4], [4, 0]])
