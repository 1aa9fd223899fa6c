"""The loss of pairs and BREC's statistic against literal transcriptions, and known verdicts."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import f as fisher

from gtx.data import Dataset
from gtx.data.spec import Label
from gtx.tasks import Contrastive, contrastive
from gtx.tasks.contrastive import t_squared, verdict
from tests.tasks.labelled import batch

LABEL = Label("graph", "regression", 5)


def numbered(ids):
    found = batch(None, np.asarray(ids) >= 0)
    return dataclasses.replace(found, graph_ids=np.asarray(ids, np.int32))


def cosine_losses(values, margin):
    """torch's CosineEmbeddingLoss with target -1, one pair after the other, in float64."""
    losses = []
    for one, two in zip(values[0::2], values[1::2], strict=True):
        lengths = np.sqrt((np.sum(one * one) + 1e-12) * (np.sum(two * two) + 1e-12))
        losses.append(max(0.0, np.sum(one * two) / lengths - margin))
    return losses


@pytest.mark.parametrize("margin", [0.0, 0.3])
def test_the_loss_is_that_of_torch_in_any_order_and_with_padding(margin):
    rng = np.random.default_rng(0)
    values = rng.normal(size=(8, 5))
    values[1] = values[0] + 0.1 * values[1]  # surely alike
    order = rng.permutation(8)
    task, graphs = Contrastive(LABEL, margin=margin), numbered([*order, 9, -1])
    padded = np.concatenate([values[order], np.full((2, 5), np.nan)])
    padded[8] = 1.0  # graph 9 is real, and its partner 8 is elsewhere

    def mean(outputs):
        loss, count = task.loss(outputs, graphs)
        return loss / count

    with jax.enable_x64(True):
        loss, count = task.loss(jnp.asarray(padded), graphs)
        gradient = np.asarray(jax.grad(mean)(jnp.asarray(padded)))
    losses = cosine_losses(values, margin)
    np.testing.assert_allclose(loss, np.sum(losses), rtol=1e-6)
    assert count == 4 and np.any(np.array(losses) == 0) and np.any(np.array(losses) > 0)
    assert not gradient[8:].any()
    step = 1e-6 * rng.normal(size=values.shape)
    change = np.mean(cosine_losses(values + step, margin)) - np.mean(
        cosine_losses(values - step, margin)
    )
    np.testing.assert_allclose(np.sum(gradient[:8] * 2 * step[order]), change, rtol=1e-4)


def statistic(one, two, epsilon):
    """`T2_calculation` of BREC's test_BREC.py, sum by sum, in float64."""
    pairs, dim = one.shape
    mean = [sum(one[q, i] - two[q, i] for q in range(pairs)) / pairs for i in range(dim)]
    covariance = np.zeros((dim, dim))
    for i in range(dim):
        for j in range(dim):
            for q in range(pairs):
                left = one[q, i] - two[q, i] - mean[i]
                covariance[i, j] += left * (one[q, j] - two[q, j] - mean[j]) / (pairs - 1)
        covariance[i, i] += epsilon
    values, vectors = np.linalg.eigh(covariance)
    found = 0.0
    for value, vector in zip(values, vectors.T, strict=True):
        if value > dim * 2.0**-23 * values.max():
            found += float(vector @ mean) ** 2 / value
    return found


@pytest.mark.parametrize(("rank", "epsilon"), [(6, 0.0), (3, 0.0), (6, 1e-3)])
def test_the_statistic_is_that_of_the_authors(rank, epsilon):
    rng = np.random.default_rng(rank)
    mixing = rng.normal(size=(rank, 6))
    one, two = rng.normal(size=(2, 32, rank)) @ mixing + 0.4 * rng.normal(size=(2, 1, 6)) @ (
        np.linalg.pinv(mixing) @ mixing
    )
    found = t_squared(one, two, epsilon=epsilon)
    np.testing.assert_allclose(found, statistic(one, two, epsilon), rtol=1e-10)


def test_the_threshold_is_the_quantile_for_32_pairs_of_16_numbers():
    assert round(31 * 16 / 16 * fisher.ppf(0.95, 16, 16), 2) == contrastive.THRESHOLD


def test_known_verdicts():
    rng = np.random.default_rng(1)
    noise = rng.normal(size=(4, 32, 16))
    alike, apart = t_squared(noise[0], noise[1]), t_squared(noise[2], noise[3] + 100)
    assert 0 < alike < 10 and apart > 1000
    assert verdict(apart, alike).told_apart and verdict(apart, alike).reliable
    assert not verdict(alike, apart).told_apart and not verdict(alike, apart).reliable
    # A statistic that copies of one graph reach as well tells nothing.
    assert not verdict(apart, apart * (1 + 1e-6)).told_apart
    assert verdict(72.35, 72.33).told_apart and not verdict(72.34, 1.0).told_apart
    # Embeddings that rounding does not change have no spread, and the authors' test sees nothing.
    same = np.broadcast_to(noise[0, :1], (32, 16))
    assert t_squared(same, same + 1) == 0 and t_squared(same, same) == 0
    assert t_squared(same, same + 1, epsilon=1e-7) > 1e6


def test_a_part_is_scored_by_its_pairs():
    graphs = Dataset.from_columns(
        node_ptr=np.arange(9), edge_ptr=np.zeros(9, int), senders=np.zeros(0, int),
        receivers=np.zeros(0, int), nodes=dict(x=np.zeros((8, 1), int)),
    )  # fmt: skip
    values = np.random.default_rng(2).normal(size=(8, 5)).astype(np.float32)
    task = Contrastive(LABEL)
    assert task.score(values, graphs) == {"t_squared": t_squared(values[0::2], values[1::2])}
    assert task.mode == "max" and task.output_dim == 5
    with pytest.raises(ValueError, match="whole pairs"):
        task.score(values[:6], graphs.select([0, 1, 3, 2, 4, 5]))


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="compares graphs"):
        Contrastive(Label("node", "regression", 5))
    with pytest.raises(ValueError, match=r"cosine in \[-1, 1\]"):
        Contrastive(LABEL, margin=2.0)
    with pytest.raises(ValueError, match=r"needs \[graphs, dim\] = \[2, 5\]"):
        Contrastive(LABEL).loss(jnp.zeros((2, 4)), numbered([0, 1]))
    with pytest.raises(ValueError, match="two arrays"):
        t_squared(np.zeros((1, 2)), np.zeros((1, 2)))
    with pytest.raises(ValueError, match="not finite"):
        t_squared(np.full((3, 2), np.nan), np.zeros((3, 2)))
