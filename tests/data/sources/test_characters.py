"""Characters of a text: nodes, the next character as label, and parts that do not mix."""

import numpy as np
import pytest

from gtx.data import DatasetError
from gtx.data.sources import Characters, characters


def decoded(codes):
    return "".join((characters.ALPHABET + "?")[code] for code in codes)


def test_a_label_is_the_next_character_also_across_stretches():
    dataset = Characters(text="zen", length=16).load()
    text = characters.read("zen")
    assert text.startswith("The Zen of Python") and len(text) == 856
    total = 16 * len(dataset)
    assert len(dataset) == 855 // 16
    assert decoded(dataset.nodes["character"][:, 0]) == text[:total]
    assert decoded(dataset.targets.labels) == text[1 : total + 1]
    assert dataset.spec == Characters(length=16).declared_spec()
    graph = dataset[1]
    np.testing.assert_array_equal(graph.nodes["place"][:, 0], np.arange(16))
    np.testing.assert_array_equal(graph.senders + 1, graph.receivers)
    np.testing.assert_array_equal(graph.receivers, np.arange(1, 16))


def test_parts_are_stretches_in_the_order_of_the_text():
    dataset = Characters(text="zen", length=16).load()
    split = dataset.targets.split.reshape(len(dataset), -1)
    assert (split == split[:, :1]).all() and (np.diff(split[:, 0]) >= 0).all()
    assert np.bincount(split[:, 0]).tolist() == [42, 5, 6]


def test_the_manual_is_read_and_a_limit_holds():
    text = characters.read("reference")
    assert len(text) > 100_000 and "  " not in text
    dataset = Characters(limit=1000, length=20).load()
    assert len(dataset) == 999 // 20
    assert decoded(dataset.nodes["character"][:40, 0]) == text[:40]


def test_other_characters_have_one_class():
    assert characters.encode("a\n~\t\u00e9").tolist() == [66, 0, 95, 96, 96]


def test_a_text_too_short_is_refused():
    with pytest.raises(DatasetError, match="12 stretches|Give a length of at most 85"):
        Characters(text="zen", length=100).load()
