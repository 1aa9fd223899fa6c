"""Sequences of words, each position predicted on its own, as ogbg-code2 is predicted and scored."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from gtx.batch import Batch
from gtx.tasks import metrics
from gtx.tasks.base import Task, weights_of


@dataclasses.dataclass(frozen=True)
class Subtokens(Task):
    """A word of the vocabulary, the unknown word, or the end, at each of `label.positions`.

    The loss is the mean over positions of the softmax cross entropy, as in OGB's example for
    ogbg-code2 (`examples/graphproppred/code2/main_pyg.py`); words beyond the last position are not
    asked for, but count in the scores. The end is asked for at each position after the last word.

    Predictions are the numbers of the most likely words, [rows, positions]: probabilities would be
    25,010 numbers a row.
    """

    main_metric: str = "f1"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.label.kind != "sequence":
            raise ValueError(
                f"Subtokens needs a label of sequences, and this is {self.label.kind}."
            )

    @property
    def metric_names(self) -> tuple[str, ...]:
        return ("f1", "precision", "recall")

    @property
    def prediction_dim(self) -> int:
        return self.label.positions

    @property
    def num_words(self) -> int:
        """The words of the vocabulary, without the unknown word and the end."""
        return len(self.label.names)

    def loss(
        self, outputs: Float[Array, "rows dim"], batch: Batch
    ) -> tuple[Float[Array, ""], Float[Array, ""]]:
        targets = self.targets_of(outputs, batch)
        labels = jnp.asarray(targets.labels, jnp.float32)
        if labels.shape != (outputs.shape[0], self.label.longest):
            raise ValueError(
                f"Subtokens needs labels {[outputs.shape[0], self.label.longest]}, got "
                f"{list(labels.shape)}; store one column for each word of the longest sequence."
            )
        positions, words = self.label.positions, self.num_words
        known = jnp.asarray(targets.mask) & ~jnp.isnan(labels[:, 0])
        room = max(positions - self.label.longest, 0)
        first = jnp.pad(labels[:, :positions], ((0, 0), (0, room)), constant_values=jnp.nan)
        unknown = jnp.where(first < words, first, words)
        tokens = jnp.where(jnp.isnan(first), words + 1, unknown).astype(jnp.int32)
        logits = outputs.astype(jnp.float32).reshape(-1, positions, words + 2)
        logits = jnp.where(known[:, None, None], logits, 0.0)
        chosen = jnp.take_along_axis(logits, tokens[..., None], axis=2)[..., 0]
        losses = jax.nn.logsumexp(logits, axis=2) - chosen
        weights = weights_of(targets, known)
        return (losses * weights[:, None]).sum(), weights.sum() * positions

    def predictions(self, outputs: Float[Array, "rows dim"]) -> Float[Array, "rows positions"]:
        """The number of the most likely word at each position, as in `SubtokenSums.of`."""
        logits = outputs.reshape(-1, self.label.positions, self.num_words + 2)
        return jnp.argmax(logits, axis=2).astype(jnp.float32)

    def metrics(self, predictions: np.ndarray, labels: np.ndarray) -> dict[str, float]:
        return metrics.SubtokenSums.of(predictions, labels, self.num_words).scores()

    def undefined(self, labels: np.ndarray) -> list[str]:
        if np.isnan(labels[:, 0]).all():
            return ["no score is defined: there are no known sequences."]
        return []
