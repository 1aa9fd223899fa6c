"""The vectors inside a model: what its head reads, or its nodes after the last layer."""

from collections.abc import Callable
from typing import Any

import flax.linen as nn

from gtx.batch import Batch, mask_features
from gtx.models.graph_transformer import GraphTransformer
from gtx.typing import Array


class Vectors(nn.Module):
    """A model that stops before its head. It has the variables of the model.

    Attributes:
      model: a model with a readout and a head.
      of_nodes: the nodes after the last layer, [nodes, dim], in place of what the readout makes of
        them, [rows, dim].

    Raises:
      ValueError: the model is not a `GraphTransformer`.
    """

    model: nn.Module
    of_nodes: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.model, GraphTransformer):
            raise ValueError(
                f"the model {type(self.model).__name__} is no GraphTransformer, so that it is not "
                "known what its head reads. Apply it with capture_intermediates=True."
            )
        super().__post_init__()

    def setup(self) -> None:
        nn.share_scope(self, self.model)

    def __call__(self, batch: Batch, *, train: bool = False) -> Array:
        """The vectors of a batch. Rows of padding hold some finite numbers."""

        def intercept(call: Callable[..., Any], arguments: Any, named: Any, context: Any) -> Any:
            if context.module.path == ("readout",) and self.of_nodes:
                return mask_features(arguments[0], batch).nodes
            if context.module.path == ("head",):
                return arguments[0]
            return call(*arguments, **named)

        with nn.intercept_methods(intercept):
            return self.model(batch, train=train)
