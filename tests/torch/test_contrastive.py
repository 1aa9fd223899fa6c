"""The loss and the statistic of pairs beside torch, as the code of BREC computes them."""

import dataclasses

import jax.numpy as jnp
import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs torch")
pytestmark = pytest.mark.torch

from experiments.paired_comparisons import Plateau  # noqa: E402
from gtx.data.spec import Label  # noqa: E402
from gtx.tasks import Contrastive  # noqa: E402
from gtx.tasks.contrastive import t_squared  # noqa: E402
from tests.tasks.labelled import batch  # noqa: E402


def test_the_loss():
    values = np.random.default_rng(0).normal(size=(16, 7)).astype(np.float32)
    one, two = torch.tensor(values[0::2]), torch.tensor(values[1::2])
    expected = torch.nn.CosineEmbeddingLoss(margin=0.1)(one, two, -torch.ones(8))
    graphs = dataclasses.replace(batch(None, np.ones(16, bool)), graph_ids=np.arange(16))
    task = Contrastive(Label("graph", "regression", 7), margin=0.1)
    loss, count = task.loss(jnp.asarray(values), graphs)
    np.testing.assert_allclose(loss / count, expected, rtol=1e-6)


@pytest.mark.parametrize("rank", [16, 4])
def test_the_statistic(rank):
    rng = np.random.default_rng(rank)
    one, two = rng.normal(size=(2, 32, rank)) @ rng.normal(size=(rank, 16))
    difference = torch.tensor((one - two).T, dtype=torch.float32)
    mean = difference.mean(dim=1, keepdim=True)
    expected = mean.T @ torch.linalg.pinv(torch.cov(difference)) @ mean
    np.testing.assert_allclose(t_squared(one, two), expected.item(), rtol=1e-3)


def test_the_rate_falls_as_that_of_torch():
    weight = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.Adam([weight], lr=1e-4)
    scheduler, plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer), Plateau(1e-4)
    losses = [1.0, 0.9, *[0.9] * 12, 0.89995, 0.8, *[0.81] * 30]
    for loss in losses:
        scheduler.step(loss)
        plateau.step(loss)
        np.testing.assert_allclose(plateau.learning_rate, optimizer.param_groups[0]["lr"])
    assert plateau.learning_rate < 1e-6
