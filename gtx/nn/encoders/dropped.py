"""An embedding with dropout of the columns that it reads."""

import flax.linen as nn

from gtx.batch import Batch, Features, check_is_batch
from gtx.nn.parts.dropout import Dropout
from gtx.nn.parts.factories import make
from gtx.ops.masks import clean
from gtx.typing import ModuleFactory


class DroppedEmbed(nn.Module):
    """Another embedding, with dropout of node columns before it reads them.

    Attributes:
      embed: factory of the embedding.
      columns: names of node columns of numbers.
      dropout_rate: of these columns.
    """

    embed: ModuleFactory
    columns: tuple[str, ...]
    dropout_rate: float = 0.0

    @nn.compact
    def __call__(self, batch: Batch, *, train: bool) -> Features:
        check_is_batch(batch)
        nodes = dict(batch.graph.nodes)
        for name in self.columns:
            dropout = Dropout(self.dropout_rate, name=f"dropout_{name}")
            rows = clean(nodes[name], batch.node_mask).reshape(len(batch.node_mask), -1)
            nodes[name] = dropout(rows, batch.node_ids, train=train)
        given = batch.replace(graph=batch.graph._replace(nodes=nodes))
        return make(self.embed, "embed", name="embed")(given, train=train)
