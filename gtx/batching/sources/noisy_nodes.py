"""Noise on the columns of nodes and edges in every step, which a model can learn to take away."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp

from gtx.batch import Batch
from gtx.batching.sources.changed import Changed
from gtx.data.exact import DatasetError
from gtx.data.spec import Categorical
from gtx.ops.noise import integers, keep_mask, key_bits, normal
from gtx.structures.structure import times_added


@dataclasses.dataclass(frozen=True, eq=False)
class NoisyNodes(Changed):
    """Replaces categories by random ones, and adds normal noise to numbers.

    Godwin et al. (2022), "Simple GNN Regularisation for 3D Molecular Property Prediction and
    Beyond". Categories are as in the code of GPS++ (graphcore/ogb-lsc-pcqm4mv2): each is replaced
    with the probability `share` by one drawn from all, which may be the same. The columns as they
    were are in `Batch.clean`, for `gtx.nn.parts.denoise.Denoise`. Evaluation has no noise.

    What is drawn depends on the seed, the step and the identities of the nodes alone. Both
    directions of an edge get noise of their own; parallel edges get the same. Nodes and edges that
    `gtx.structures` added keep what they hold, and no category is drawn that only they have.

    Attributes:
      source: the batches without noise.
      columns: names, as `nodes.atom` and `edges.bond`.
      share: of the categories that are replaced, in [0, 1).
      scale: standard deviation of the noise on numbers.
    """

    columns: tuple[str, ...] = ()
    share: float = 0.0
    scale: float = 0.0
    _added: bool = dataclasses.field(init=False, default=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        known = noisy_columns(self.source.dataset.spec)
        wrong = [name for name in self.columns if name not in known]
        if wrong or not self.columns:
            raise DatasetError(
                f"NoisyNodes: there are no columns {wrong or list(self.columns)}. Name some of "
                f"{sorted(known)}."
            )
        if not 0 <= self.share < 1 or not self.scale >= 0 or not (self.share or self.scale):
            raise DatasetError(
                f"NoisyNodes: share is {self.share} and scale is {self.scale}. Give a share in "
                "[0, 1) and a scale of at least 0, one of them above 0."
            )

        spec = self.source.dataset.spec
        object.__setattr__(self, "_added", times_added(spec) > 0)
        edges = {name.partition(".")[2] for name in self.columns if name.startswith("edges.")}
        for name, columns in spec.edge_sets.items():
            if edges & set(columns):
                raise DatasetError(
                    f"NoisyNodes: the edge set {name!r} holds the columns {sorted(edges)} too, "
                    "which would tell what noise has changed. Name columns of nodes alone."
                )

    def change(self, batch: Batch, key: Any) -> Batch:
        levels: dict[str, dict[str, Any]] = dict(
            nodes=dict(batch.graph.nodes), edges=dict(batch.graph.edges)
        )
        clean: dict[str, dict[str, Any]] = {}
        ids = jnp.asarray(batch.node_ids)
        own = batch.node_mask
        if self._added:
            own = own & (jnp.asarray(batch.graph.nodes["kind"])[:, 0] == 0)
        rows: dict[str, Any] = dict(
            nodes=((ids,), own),
            edges=((ids[batch.senders], ids[batch.receivers]), batch.edge_mask),
        )
        sizes = noisy_columns(self.source.dataset.spec)
        which, what = (key_bits(jax.random.fold_in(key, number)) for number in range(2))
        for number, path in enumerate(sorted(self.columns)):
            level, _, name = path.partition(".")
            of_rows, mask = rows[level]
            values = levels[level][name]
            clean.setdefault(level, {})[name] = values
            size, changed = sizes[path], []
            for place in range(values.shape[1]):
                draw = (*of_rows, number, place)
                old = values[:, place]
                if isinstance(size, tuple):
                    new = integers(what, size[place], *draw).astype(old.dtype)
                    kept = keep_mask(which, self.share, *draw)
                else:
                    new = old + self.scale * normal(what, *draw).astype(old.dtype)
                    kept = jnp.zeros_like(mask)
                changed.append(jnp.where(kept | ~mask, old, new))
            levels[level][name] = jnp.stack(changed, axis=1)
        return batch.replace(graph=batch.graph._replace(**levels), clean=clean)

    def identity(self) -> dict[str, Any]:
        settings = dict(columns=sorted(self.columns), share=self.share, scale=self.scale)
        return {**self.source.identity(), "class": "NoisyNodes", **settings}


def noisy_columns(spec: Any) -> dict[str, tuple[int, ...] | int]:
    """What `gtx.nn.parts.denoise.Denoise` must know of columns, by `level.name`.

    It is the number of categories of each column, or how many numbers there are; of nodes without
    the categories of what structures added, and without the column that tells it apart.
    """
    added = times_added(spec)
    found: dict[str, tuple[int, ...] | int] = {}
    for level in ("nodes", "edges"):
        for name, column in getattr(spec, level).items():
            if level == "nodes" and name == "kind" and added:
                continue
            if isinstance(column, Categorical):
                new = added if level == "nodes" and column.fill is None else 0
                found[f"{level}.{name}"] = tuple(size - new for size in column.sizes)
            else:
                found[f"{level}.{name}"] = column.dim
    return found
