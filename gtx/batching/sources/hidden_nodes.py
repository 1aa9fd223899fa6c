"""Nodes that are hidden anew in every step, for pre-training without labels."""

import dataclasses
from typing import Any

import jax.numpy as jnp

from gtx.batch import Batch
from gtx.batching.sources.changed import Changed
from gtx.data.exact import DatasetError
from gtx.data.masking import hidden_columns, mask_rows
from gtx.ops.noise import keep_mask, key_bits


@dataclasses.dataclass(frozen=True, eq=False)
class HiddenNodes(Changed):
    """Hides the columns of a share of the nodes, which are then the targets of the step.

    Which nodes depends on the seed, the step and the identity of each node alone: not on the batch
    or the number of shards. So a run that is resumed hides the same.

    Attributes:
      source: batches of a dataset that `gtx.data.masking.with_masked_nodes` made.
      share: of the nodes, above 0 and below 1.
    """

    share: float = 0.15

    def __post_init__(self) -> None:
        super().__post_init__()
        spec, table = self.source.dataset.spec, self.source.dataset.targets
        if not 0 < self.share < 1:
            raise DatasetError(
                f"HiddenNodes: share is {self.share}. Give a number above 0 and below 1."
            )
        if table.level != "node" or spec.label is None or not hidden_columns(spec):
            raise DatasetError(
                "HiddenNodes: the targets are no nodes with their own columns as labels. Make them "
                "by gtx.data.masking.with_masked_nodes."
            )

    def change(self, batch: Batch, key: Any) -> Batch:
        spec, targets = self.source.dataset.spec, batch.targets
        assert spec.label is not None and targets is not None
        hidden = jnp.asarray(targets.mask) & ~keep_mask(key_bits(key), self.share, batch.node_ids)
        nodes = dict(batch.graph.nodes)
        for name, row in mask_rows(spec, hidden_columns(spec), spec.label).items():
            nodes[name] = jnp.where(hidden[:, None], row.astype(nodes[name].dtype), nodes[name])
        return batch.replace(
            graph=batch.graph._replace(nodes=nodes),
            targets=dataclasses.replace(targets, mask=hidden),
        )

    def identity(self) -> dict[str, Any]:
        return {**self.source.identity(), "class": "HiddenNodes", "share": self.share}
