"""The one model: embed, repeat blocks, read out, predict."""

import flax.linen as nn
from jaxtyping import Array, Float

from gtx.batch import Batch
from gtx.nn.parts.factories import make
from gtx.typing import ModuleFactory


class GraphTransformer(nn.Module):
    """Columns of a batch in, predictions out.

    Attributes:
      embed: factory of `(batch, train) -> Features`.
      block: factory of `(features, batch, train) -> Features`, or one factory per layer.
      num_layers: how many blocks.
      readout: factory of `(features, batch, train) -> [rows, feat]`.
      head: factory of `([rows, feat], train) -> [rows, outputs]`.
      remat: compute the inside of each block again in the backward pass instead of keeping
        it: less memory, about a third more time.
      norm: factory of a norm of the nodes after the last block, as blocks that normalise their
        inputs need it; None for none.
      auxiliary: factory of `(features, batch, train) -> None`, which may sow losses of the features
        after the last block, as `gtx.nn.parts.denoise.Denoise`; None for none.
    """

    embed: ModuleFactory
    block: ModuleFactory | tuple[ModuleFactory, ...]
    num_layers: int
    readout: ModuleFactory
    head: ModuleFactory
    remat: bool = False
    norm: ModuleFactory | None = None
    auxiliary: ModuleFactory | None = None

    @nn.compact
    def __call__(self, batch: Batch, *, train: bool = False) -> Float[Array, "rows outputs"]:
        """One row of predictions for each target. The rows of padding hold some finite numbers."""
        if isinstance(self.block, tuple):
            blocks = self.block
        else:
            blocks = (self.block,) * self.num_layers
        if len(blocks) != self.num_layers:
            raise ValueError(
                f"num_layers is {self.num_layers}, but there are {len(blocks)} blocks."
            )

        def run(layer, features, batch):
            return layer(features, batch, train=train)

        if self.remat:
            run = nn.remat(run)
        features = make(self.embed, "embed", name="embed")(batch, train=train)
        for number, block in enumerate(blocks):
            features = run(make(block, "block", name=f"block_{number}"), features, batch)
        if self.norm is not None:
            norm = make(self.norm, "norm", name="norm")
            nodes = norm(features.nodes, batch.node_mask, train=train, axis_name=batch.axis_name)
            features = features.replace(nodes=nodes)
        if self.auxiliary is not None:
            make(self.auxiliary, "auxiliary", name="auxiliary")(features, batch, train=train)
        rows = make(self.readout, "readout", name="readout")(features, batch, train=train)
        return make(self.head, "head", name="head")(rows, train=train)
