"""Graphs in pairs whose embeddings must differ, and the test of BREC whether they do."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from gtx.batch import Batch
from gtx.data.dataset import Dataset
from gtx.data.spec import Label
from gtx.tasks.base import Task

# Added to squared lengths, as torch's CosineEmbeddingLoss has it.
_EPSILON = 1e-12


@dataclasses.dataclass(frozen=True)
class Contrastive(Task):
    """Pairs of graphs, of which a model must embed the two apart.

    Graphs 2i and 2i + 1, by their `graph_ids`, are a pair. Their loss is torch's
    `CosineEmbeddingLoss` of pairs that differ, max(0, cos(a, b) - margin), and the mean is over the
    pairs of the batch. Both graphs of a pair must be in one batch and on one shard; a graph whose
    partner is elsewhere adds nothing. Labels are not read.

    `t_squared` is the statistic of BREC over the pairs of a part. `experiments.paired_comparisons`
    has the whole protocol.

    Attributes:
      label: of each graph; `dim` is the width of the embeddings.
      margin: the cosine up to which a pair costs nothing.
    """

    label: Label
    main_metric: str = "t_squared"
    margin: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.label.level != "graph":
            raise ValueError(
                f"Contrastive compares graphs, and the label is of each {self.label.level}. Give "
                "a label of graphs."
            )
        if not -1 <= self.margin <= 1:
            raise ValueError(f"margin is a cosine in [-1, 1], got {self.margin}.")

    @property
    def metric_names(self) -> tuple[str, ...]:
        return ("t_squared",)

    def loss(
        self, outputs: Float[Array, "rows dim"], batch: Batch
    ) -> tuple[Float[Array, ""], Float[Array, ""]]:
        real = jnp.asarray(batch.graph_mask)
        if outputs.shape != (*real.shape, self.output_dim):
            raise ValueError(
                f"the model's outputs are {list(outputs.shape)}; Contrastive needs [graphs, dim] = "
                f"{[*real.shape, self.output_dim]}. Set the head's width and a readout of graphs."
            )
        ids = jnp.asarray(batch.graph_ids)
        partners = (ids[:, None] % 2 == 0) & (ids[:, None] + 1 == ids[None, :])
        partners = partners & real[:, None] & real[None, :]
        values = jnp.where(real[:, None], outputs.astype(jnp.float32), 0.0)
        products = jnp.matmul(values, values.T, precision=jax.lax.Precision.HIGHEST)
        squares = jnp.square(values).sum(axis=1) + _EPSILON
        cosines = products / jnp.sqrt(squares[:, None] * squares[None, :])
        losses = jnp.where(partners, jnp.maximum(cosines - self.margin, 0.0), 0.0)
        return losses.sum(), partners.sum(dtype=jnp.float32)

    def predictions(self, outputs: Float[Array, "rows dim"]) -> Float[Array, "rows dim"]:
        """The embeddings."""
        return outputs.astype(jnp.float32)

    def metrics(self, predictions: np.ndarray, labels: np.ndarray) -> dict[str, float]:
        """The statistic of rows in pairs: 0 and 1, 2 and 3, and so on."""
        del labels
        return {"t_squared": t_squared(predictions[0::2], predictions[1::2])}

    def score(self, predictions: np.ndarray, dataset: Dataset) -> dict[str, float]:
        """`metrics` of a dataset that holds both graphs of each of its pairs, one after the other.

        Raises:
          ValueError: a graph is without its partner.
        """
        first, second = dataset.ids[0::2], dataset.ids[1::2]
        if len(first) != len(second) or np.any(first % 2) or np.any(second != first + 1):
            raise ValueError(
                "Contrastive scores pairs: graphs 2i and 2i + 1 of the whole dataset must follow "
                "each other. Split whole pairs, and do not change the order of graphs."
            )
        return self.metrics(predictions, np.zeros(0))


def t_squared(one: np.ndarray, two: np.ndarray, *, epsilon: float = 0.0) -> float:
    """How far the mean difference of paired embeddings is from 0, in units of its spread.

    With differences d of mean m and covariance S, it is m' S⁺ m, as the code of BREC has it (Wang
    and Zhang, 2024, `test_BREC.py`). The paper's statistic of Hotelling is this times the number of
    pairs; the code compares it without that factor with the threshold that belongs to the paper's,
    and so asks for more. S⁺ is the pseudoinverse without singular values below dim * 2^-23 of the
    largest, which is the default of torch in float32; all else is computed in float64.

    If all differences are equal, S and so the result are 0, however large the differences are.

    Args:
      one, two: [pairs, dim], the embeddings of copies of two graphs, or of one graph.
      epsilon: added to the diagonal of S. The authors name 1e-7 for models whose embeddings do not
        depend on how nodes are numbered, not even by rounding. They themselves add nothing.

    Raises:
      ValueError: the shapes are not equal, there are less than two pairs, or a value is not finite.
    """
    one, two = np.asarray(one, np.float64), np.asarray(two, np.float64)
    if one.shape != two.shape or one.ndim != 2 or len(one) < 2:
        raise ValueError(
            f"t_squared needs two arrays [pairs, dim] of at least two pairs, got {one.shape} and "
            f"{two.shape}."
        )
    differences = one - two
    if not np.isfinite(differences).all():
        raise ValueError("t_squared got embeddings that are not finite.")
    mean, dim = differences.mean(axis=0), one.shape[1]
    centred = differences - mean
    covariance = centred.T @ centred / (len(one) - 1) + epsilon * np.eye(dim)
    cutoff = dim * float(np.finfo(np.float32).eps)
    inverse = np.linalg.pinv(covariance, rcond=cutoff, hermitian=True)
    return float(mean @ inverse @ mean)


# The 95 % quantile of the statistic of Hotelling for 32 pairs of 16 numbers: 31 F(16, 16).
THRESHOLD = 72.34


@dataclasses.dataclass(frozen=True)
class Verdict:
    """What BREC concludes of two statistics.

    Attributes:
      told_apart: the statistic of the pair exceeds the threshold, and is not that of the copies.
      reliable: the statistic of copies of one graph does not exceed the threshold. A model that
        fails this tells graphs by how their nodes are numbered, so that its result does not count.
    """

    told_apart: bool
    reliable: bool


def verdict(pair: float, copies: float, threshold: float = THRESHOLD) -> Verdict:
    """The verdict of BREC's code.

    Args:
      pair: `t_squared` of copies of one graph and copies of the other.
      copies: that of copies of one of them, against further copies of it.
      threshold: of the test.
    """
    same = bool(np.isclose(pair, copies, rtol=1e-5, atol=1e-6))
    return Verdict(pair > threshold and not same, copies < threshold)
