"""The compiled functions of explanations: a model with other features in place of its own."""

import functools
from collections.abc import Callable
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from gtx.batch import Batch, Features
from gtx.explain.features import ExplainError, arrays_of, mask_of, with_arrays
from gtx.explain.quantities import Quantities
from gtx.ops.masks import clean

# The submodule of `gtx.models.GraphTransformer` that encodes the columns of a batch.
EMBED = "embed"


class Programs:
    """A model as functions of a batch. Each is compiled once for each shape.

    Args:
      model: a module called as `model.apply(variables, batch, train=False)`. Features are replaced
        after its submodule `embed`, which returns `Features`.
      quantities: what is explained of its outputs.
    """

    def __init__(self, model: nn.Module, quantities: Quantities):
        self.model = model
        self.quantities = quantities
        self.values = jax.jit(self._values)
        self.encoded = jax.jit(self._encoded)
        self.sums = jax.jit(self._sums)
        self.along = jax.jit(self._along)
        self.weights = jax.jit(self._weights)

    def _values(self, variables: Any, batch: Batch) -> Any:
        """Every quantity of every row, [rows, outputs]."""
        return self.quantities.of(self.model.apply(variables, batch, train=False))

    def _features(self, variables: Any, batch: Batch) -> Features:
        _, kept = self.model.apply(
            variables,
            batch,
            train=False,
            capture_intermediates=lambda module, method: (
                module.path == (EMBED,) and method == "__call__"
            ),
            mutable=["intermediates"],
        )
        found = kept.get("intermediates", {}).get(EMBED, {}).get("__call__", (None,))[0]
        if not isinstance(found, Features):
            raise ExplainError(
                f"{type(self.model).__name__} has no submodule {EMBED!r} that returns "
                "gtx.batch.Features, at which its features could be changed. Build it as a "
                "gtx.models.GraphTransformer, or explain it by leaving nodes out."
            )
        return found

    def _encoded(self, variables: Any, batch: Batch) -> dict[str, Any]:
        """The encoded features, 0 in padding."""
        found = arrays_of(self._features(variables, batch))
        return {name: clean(values, mask_of(name, batch)) for name, values in found.items()}

    def _sums(self, variables: Any, batch: Batch) -> dict[str, Any]:
        """Of each array the sum over real rows, and their number."""
        found = self._encoded(variables, batch)
        counts = {name: jnp.sum(mask_of(name, batch), dtype=jnp.float32) for name in found}
        return {name: (found[name].sum(axis=0), counts[name]) for name in found}

    def _along(
        self,
        variables: Any,
        batch: Batch,
        start: dict[str, Any],
        end: dict[str, Any],
        output: Any,
        points: Any,
        weights: Any,
    ) -> tuple[dict[str, Any], Any]:
        """(end - start) times the weighted sum of gradients at points between start and end.

        Args:
          variables: of the model.
          batch: graphs with one target each.
          start: encoded features, as of `encoded`.
          end: likewise.
          output: number of the quantity.
          points: [points], 0 at the start and 1 at the end.
          weights: [points].

        Returns:
          Contributions by array, [rows], and the quantity of every row at each point,
          [points, rows].
        """
        features = self._features(variables, batch)
        targets = batch.targets
        assert targets is not None

        def quantity(arrays: dict[str, Any]) -> tuple[Any, Any]:
            with nn.intercept_methods(_returning(with_arrays(features, arrays))):
                outputs = self.model.apply(variables, batch, train=False)
            rows = jnp.take(self.quantities.of(outputs), output, axis=1)
            rows = clean(rows, targets.mask)
            return rows.sum(), rows  # graphs do not see each other: one gradient serves all

        def step(total: Any, point: Any) -> tuple[Any, Any]:
            where, weight = point
            here = jax.tree.map(lambda a, b: a + where * (b - a), start, end)
            slope, rows = jax.grad(quantity, has_aux=True)(here)
            return jax.tree.map(lambda sum_, new: sum_ + weight * new, total, slope), rows

        zero = jax.tree.map(jnp.zeros_like, end)
        slopes, rows = jax.lax.scan(step, zero, (points, weights))
        parts = jax.tree.map(lambda a, b, slope: (b - a) * slope, start, end, slopes)
        return {name: part.reshape(len(part), -1).sum(axis=1) for name, part in parts.items()}, rows

    def _weights(self, variables: Any, batch: Batch) -> dict[str, Any]:
        """What the attention layers of the model sow, as a nested dict by module."""
        _, kept = self.model.apply(variables, batch, train=False, mutable=["intermediates"])
        return dict(kept.get("intermediates", {}))


def _returning(features: Features) -> Callable[..., Any]:
    """An interceptor of flax by which `embed` returns these features."""

    def intercept(call: Any, arguments: Any, named: Any, context: Any) -> Any:
        if context.method_name == "__call__" and context.module.path == (EMBED,):
            return features
        return call(*arguments, **named)

    return functools.partial(intercept)
