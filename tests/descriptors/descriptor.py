"""What the tests of every layer need to know of one: how it is made and called."""

import dataclasses
from collections.abc import Callable
from typing import Any, Literal

import jax.numpy as jnp

from gtx.batch import Batch, Features, Targets, mask_features
from gtx.nn.attention import edges_of

Kind = Literal["layer", "cross", "norm", "rows", "encoder", "embed", "readout", "model"]


@dataclasses.dataclass(frozen=True, eq=False)
class Descriptor:
    """A layer, how to call it, and what its fields do.

    Attributes:
      name: unique.
      factory: makes it, with a few more fields if wished.
      kind: the signature of its call, see `outputs`.
      level: of the rows it returns, where the kind does not tell.
      options: field -> another value, which changes the result.
      neutral: fields that must not change the result.
      unread: what the paths of parameters begin with that a published model has and nobody reads,
        such as "block_1/edges_output". Their gradients are 0, those of all others are not.
    """

    name: str
    factory: Callable[..., Any]
    kind: Kind
    level: Literal["nodes", "edges", "pairs", "graphs"] = "nodes"
    options: dict = dataclasses.field(default_factory=dict)
    neutral: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()

    def outputs(self, module, variables, features, batch, *, train, **apply) -> Any:
        """Call the module; its rows by level (and the changed collections, if any)."""
        arguments, options = {
            "layer": ((features, batch), {}),
            "cross": ((clean := mask_features(features, batch).nodes, clean, edges_of(batch)), {}),
            "norm": ((features.nodes, batch.node_mask), {}),
            "rows": ((mask_features(features, batch).nodes,), {}),
            "encoder": ((batch,), {}),
            "embed": ((batch,), {}),
            "readout": ((features, batch), {}),
            "model": ((batch,), {}),
        }[self.kind]
        if self.name in ("edge_readout", "pair_readout", "own_pair_readout"):
            level = self.name.removesuffix("_readout").removeprefix("own_")
            arguments = (features, edges_as_targets(batch, level))
        if self.name in ("dropout", "drop_path", "entry_feed_forward"):
            arguments += (batch.node_ids,)
        if self.name != "linear":
            options = dict(train=train)
        out = module.apply(variables, *arguments, **options, **apply)
        out, changed = out if "mutable" in apply else (out, {})
        if isinstance(out, Features):
            rows = {k: v for k, v in by_level(out).items() if v is not None}
        else:
            rows = {self.level: out}
        return (rows, changed) if "mutable" in apply else rows


def edges_as_targets(batch: Batch, level: str) -> Batch:
    """The batch with a target for each edge: the edge itself, or the pair of its ends."""
    index = jnp.arange(len(batch.senders), dtype=jnp.int32)
    if level == "pair":
        index = jnp.stack([batch.senders, batch.receivers], axis=1)
    return batch.replace(targets=Targets(level, index, None, batch.edge_mask))


def by_level(features: Features) -> dict[str, Any]:
    """The four levels; edge sets have a test of their own."""
    return {name: getattr(features, name) for name in ("nodes", "edges", "pairs", "graphs")}


def inputs(batch: Batch) -> Features:
    """Features of every level, straight from columns: padding holds what the batch holds."""
    graph = batch.graph
    return Features(graph.nodes["x"], graph.edges["x"], batch.pairs["x"], graph.globals["x"])
