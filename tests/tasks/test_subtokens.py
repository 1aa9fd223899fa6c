"""Loss and scores of sequences against literal transcriptions of OGB's example and evaluator."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gtx.cli.predicted_columns import columns, words_in
from gtx.data.subtokens import sequence_label
from gtx.tasks import Subtokens, from_label
from gtx.tasks.metrics import SubtokenSums
from tests.tasks.labelled import batch

WORDS = ("get", "set", "name")
LABEL = sequence_label(WORDS, 3, 4)
NAN = np.nan
# 3 is the unknown word, 4 the end; 5 and more are words that cannot be predicted.
LABELS = np.array(
    [[0, 2, NAN, NAN], [1, 5, 6, 2], [NAN] * 4, [7, NAN, NAN, NAN], [0, 0, 0, NAN]], np.float32
)
TARGETS = [[0, 2, 4], [1, 3, 3], None, [3, 4, 4], [0, 0, 0]]


def ogb(wanted, found):
    """OGB's `_eval_F1` of one row, as it is written there."""
    label, prediction = set(wanted), set(found)
    right = len(label.intersection(prediction))
    wrong, missed = len(prediction - label), len(label - prediction)
    precision = right / (right + wrong) if right + wrong > 0 else 0
    recall = right / (right + missed) if right + missed > 0 else 0
    both = precision + recall
    return precision, recall, 2 * precision * recall / both if both > 0 else 0


def test_the_loss_is_the_mean_over_positions_and_known_rows():
    task = from_label(LABEL)
    assert isinstance(task, Subtokens) and task.main_metric == "f1" and task.output_dim == 15
    rng = np.random.default_rng(0)
    outputs = rng.normal(size=(6, 15)).astype(np.float32)
    outputs[[2, 5]] = np.inf
    given = batch(np.concatenate([LABELS, np.zeros((1, 4), np.float32)]), [True] * 5 + [False])

    def mean(outputs):
        loss, count = task.loss(outputs, given)
        return loss / count

    found, gradient = jax.value_and_grad(mean)(jnp.asarray(outputs))
    losses = []
    for row, tokens in enumerate(TARGETS):
        if tokens is None:
            continue
        for position, token in enumerate(tokens):
            logits = np.float64(outputs[row, 5 * position : 5 * position + 5])
            losses.append(np.log(np.exp(logits).sum()) - logits[token])
    np.testing.assert_allclose(found, np.mean(losses), rtol=1e-5)
    assert np.isfinite(gradient).all() and not gradient[2].any() and not gradient[5].any()


def test_longer_predictions_than_sequences_ask_for_the_end():
    label = sequence_label(WORDS, 3, 1)
    outputs = np.random.default_rng(1).normal(size=(1, 15)).astype(np.float32)
    loss, count = Subtokens(label).loss(jnp.asarray(outputs), batch(LABELS[:1, :1], [True]))
    logits = np.float64(outputs).reshape(3, 5)
    expected = np.log(np.exp(logits).sum(axis=1)) - logits[range(3), [0, 4, 4]]
    np.testing.assert_allclose(loss / count, expected.mean(), rtol=1e-5)


def test_scores_are_those_of_ogb_and_add_up():
    task = Subtokens(LABEL)
    rng = np.random.default_rng(2)
    for _ in range(20):
        outputs = rng.normal(size=(5, 15))
        predictions = np.asarray(task.predictions(jnp.asarray(outputs)))
        assert predictions.shape == (5, task.prediction_dim)
        rows = []
        for guess, truth in zip(predictions.astype(int).tolist(), LABELS, strict=True):
            wanted = truth[~np.isnan(truth)].astype(int).tolist()
            guess = guess[: guess.index(4)] if 4 in guess else guess
            if wanted:
                rows.append(ogb(wanted, guess))
        scores = task.metrics(predictions, LABELS)
        found = [scores[name] for name in ("precision", "recall", "f1")]
        np.testing.assert_allclose(found, np.mean(rows, axis=0), rtol=1e-12)
        parts = [
            SubtokenSums.of(predictions[rows], LABELS[rows], 3) for rows in ([0, 1], [2, 3, 4])
        ]
        np.testing.assert_allclose((parts[0] + parts[1]).scores()["f1"], scores["f1"], rtol=1e-12)
    assert np.isnan(task.metrics(predictions[2:3], LABELS[2:3])["f1"])
    assert task.undefined(LABELS[2:3]) and not task.undefined(LABELS)


def test_predictions_are_written_as_words():
    assert words_in(LABEL, LABELS[1]) == "set ? ? name"
    rows = np.array([[0, 3, 4], [4, 0, 0], [NAN] * 3], np.float32)
    assert columns(LABEL, rows) == {"words_predicted": ["get ?", "", ""]}


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match=r"needs labels \[1, 4\]"):
        Subtokens(LABEL).loss(jnp.zeros((1, 15)), batch(LABELS[:1, :2], [True]))
    with pytest.raises(ValueError, match="choose one of cross_entropy"):
        from_label(LABEL, loss="l1")
