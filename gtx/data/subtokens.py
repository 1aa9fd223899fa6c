"""Sequences of words as labels, such as the subtokens of the name of a method."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from gtx.data.columns import SPLITS
from gtx.data.dataset import Dataset
from gtx.data.exact import DatasetError
from gtx.data.spec import Label

# Numbers of words are float32 labels, which hold all integers up to this one.
_LARGEST = 2**24


def with_subtokens(
    dataset: Dataset,
    sequences: Sequence[Sequence[str]],
    *,
    num_words: int = 5000,
    positions: int = 5,
) -> Dataset:
    """Sequences of words as the labels of a dataset, with the words of its train part.

    The vocabulary and the defaults are those of OGB's example for ogbg-code2.

    Args:
      dataset: with a split. Labels that are there must have been taken off (`without_labels`).
      sequences: the words of each target; none for a missing label.
      num_words: size of the vocabulary, the words most frequent in train.
      positions: how many words are predicted.

    Raises:
      DatasetError: the numbers of sequences and of targets differ, a word is no text, or train has
        no words.
    """
    table = dataset.targets
    if len(sequences) != len(table):
        raise DatasetError(
            f"dataset: there are {len(sequences)} sequences for {len(table)} targets. Give one for "
            "each."
        )
    for row, sequence in enumerate(sequences):
        if isinstance(sequence, str) or not all(isinstance(word, str) for word in sequence):
            raise DatasetError(
                f"dataset: sequence {row} is {sequence!r:.60}. Give a list of words, each a text."
            )
    train = [
        sequences[row] for row in np.flatnonzero(table.split == SPLITS.index("train")).tolist()
    ]
    words = vocabulary(train, num_words)
    labels = encoded(sequences, words)
    label = sequence_label(words, positions, labels.shape[1])
    label = dataclasses.replace(label, level=table.level)
    return dataset.with_targets(
        table.level, table.index, labels, table.split, label=label, weights=table.weights
    )


def vocabulary(sequences: Sequence[Sequence[str]], size: int) -> tuple[str, ...]:
    """The most frequent words, the most frequent first, and the one that came first of equals.

    Raises:
      DatasetError: there is no word.
    """
    counts: dict[str, int] = {}
    for sequence in sequences:
        for word in sequence:
            counts[word] = counts.get(word, 0) + 1
    if not counts or size < 1:
        raise DatasetError(
            "dataset: the train part has no words of which a vocabulary could be made. Set a split "
            "and give its sequences."
        )
    return tuple(sorted(counts, key=lambda word: -counts[word])[:size])


def encoded(sequences: Sequence[Sequence[str]], words: Sequence[str]) -> np.ndarray:
    """Numbers of words, float32 [rows, longest], NaN after the last word of each row.

    A word that is not among `words` gets a number of its own from len(words) + 2 on, so that two
    of them are told apart in scores. len(words) and the number after it are left for predictions.
    """
    number = {word: place for place, word in enumerate(words)}
    for sequence in sequences:
        for word in sequence:
            # The two numbers that are left out are counted when the first unknown word is met.
            number.setdefault(word, len(number) + 2)
    if len(number) + 2 > _LARGEST:
        raise DatasetError(
            f"dataset: {len(number):,} words do not fit float32 labels. Give fewer sequences."
        )
    longest = max(map(len, sequences), default=0)
    labels = np.full((len(sequences), max(longest, 1)), np.nan, np.float32)
    for row, sequence in enumerate(sequences):
        labels[row, : len(sequence)] = [number[word] for word in sequence]
    return labels


def sequence_label(words: Sequence[str], positions: int, longest: int) -> Label:
    """The label of sequences at the level of graphs.

    Args:
      words: the vocabulary.
      positions: how many words are predicted.
      longest: words of the longest sequence.
    """
    return Label(
        "graph", "sequence", positions * (len(words) + 2), tuple(words),
        positions=positions, longest=longest,
    )  # fmt: skip
