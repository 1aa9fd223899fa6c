"""Scores of links against OGB's own formulas, closed forms and scikit-learn."""

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from gtx.data.spec import Label
from gtx.tasks import Binary, Link, from_label
from gtx.tasks.ranking import hits_at, mean_reciprocal_rank
from tests.tasks.labelled import batch

LINK = Label("pair", "binary", 1)
SCORES = st.lists(st.integers(0, 6), max_size=12)  # with many ties


def ogb_hits(positive, negative, k):
    """OGB's `_eval_hits`, as it is written there."""
    if len(negative) < k:
        return 1.0
    kth = np.sort(negative)[-k]
    return float(np.sum(positive > kth)) / len(positive)


def ogb_mrr(positive, negative):
    """OGB's `_eval_mrr` with one list of negatives for each positive."""
    ranks = []
    for score, others in zip(positive, negative, strict=True):
        optimistic, pessimistic = np.sum(others > score), np.sum(others >= score)
        ranks.append(0.5 * (optimistic + pessimistic) + 1)
    return np.mean(1 / np.array(ranks))


@given(SCORES.filter(len), SCORES, st.integers(1, 8))
@settings(deadline=None)
def test_hits_and_ranks_are_those_of_ogb(positive, negative, k):
    positive, negative = np.array(positive, float), np.array(negative, float)
    assert hits_at(positive, negative, k) == pytest.approx(ogb_hits(positive, negative, k))
    lists = np.tile(negative, (len(positive), 1))
    expected = ogb_mrr(positive, lists)
    assert mean_reciprocal_rank(positive, negative) == pytest.approx(expected)
    assert mean_reciprocal_rank(positive, lists) == pytest.approx(expected)


def test_scores_with_known_values():
    negative = np.arange(100) / 100
    assert hits_at(np.array([0.805, 0.8, 0.2]), negative, 20) == pytest.approx(1 / 3)
    assert mean_reciprocal_rank(np.array([2.0, 0.985, -1.0]), negative) == pytest.approx(
        (1 + 1 / 2 + 1 / 101) / 3
    )
    assert hits_at(np.array([0.0]), negative[:19], 20) == 1.0
    assert np.isnan(hits_at(np.zeros(0), negative, 20))
    assert np.isnan(mean_reciprocal_rank(np.zeros(0), negative))


def test_a_link_task_scores_known_pairs_alone():
    rng = np.random.default_rng(0)
    task = Link(LINK, hits=(3, 20))
    labels = rng.integers(0, 2, (80, 1)).astype(np.float32)
    labels[::7] = np.nan
    predictions = rng.random((80, 1)).astype(np.float32)
    found = task.metrics(predictions, labels)
    assert tuple(found) == task.metric_names
    known = ~np.isnan(labels[:, 0])
    truth, scores = labels[known, 0], predictions[known, 0]
    assert found["roc_auc"] == pytest.approx(roc_auc_score(truth, scores))
    positive, negative = scores[truth == 1], scores[truth == 0]
    assert found["hits@3"] == pytest.approx(ogb_hits(positive, negative, 3))
    assert found["hits@20"] == pytest.approx(ogb_hits(positive, negative, 20))
    lists = np.tile(negative, (len(positive), 1))
    assert found["mrr"] == pytest.approx(ogb_mrr(positive, lists))
    assert task.mode == "max" and task.undefined(labels) == []
    assert "hits@20 is 1 whatever" in " ".join(task.undefined(labels[:20]))
    with pytest.raises(ValueError, match=r"predictions \[79, 1\]"):
        task.metrics(predictions[1:], labels)


def test_the_loss_of_links_is_binary_cross_entropy_of_pairs():
    outputs = jnp.array([[1.0], [-2.0], [jnp.nan]])
    pairs = batch(np.array([[1.0], [0.0], [1.0]]), [True, True, False], "pair")
    total, count = Link(LINK).loss(outputs, pairs)
    assert count == 2
    np.testing.assert_allclose(total, np.log1p(np.exp(-1)) + np.log1p(np.exp(-2)), rtol=1e-6)
    nodes = batch(np.array([[1.0]]), [True], "node")
    with pytest.raises(ValueError, match="labelled targets of level 'pair'.*level 'node'"):
        Link(LINK).loss(jnp.zeros((1, 1)), nodes)


def test_a_binary_label_of_pairs_is_a_link_and_names_its_hits():
    assert from_label(LINK) == Link(LINK)
    assert from_label(LINK, metric="hits@50") == Link(LINK, "hits@50", hits=(20, 50))
    assert from_label(LINK, metric="mrr").main_metric == "mrr"
    filtered = Link(LINK, "filtered_hits@50", hits=(20, 50), filtered=True)
    assert from_label(LINK, metric="filtered_hits@50") == filtered
    assert type(from_label(Label("edge", "binary", 1))) is Binary
    with pytest.raises(ValueError, match="main_metric='hits@x' is not a metric of Link"):
        from_label(LINK, metric="hits@x")
    with pytest.raises(ValueError, match="hits must be at least 1"):
        Link(LINK, hits=(0,))
