"""Draw what triangle models attend to: `python -m experiments.figures.triangles`.

A pair of nodes (i, j) attends to its triangles, each of which has a third node k. Each model is
built small, with random parameters, and runs once on caffeine. What its first layer hands to
`gtx.ops.triangle` is recorded. The weights are what the same function returns where the value of a
triangle is a vector that names its third node. The picture shows them for one pair: the colour of
an atom k is its weight, the mean of the heads, and the atoms i and j have rings.
"""

import dataclasses
import functools
import importlib
import inspect
import sys
from collections.abc import Sequence
from typing import Any, NamedTuple
from unittest import mock

import jax
import jax.numpy as jnp
import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from experiments.figures import command
from experiments.figures.attention import SMALL, data_of
from experiments.figures.encodings import CAFFEINE
from gtx import encodings, models
from gtx.batching import batch_graphs
from gtx.ops import pair_ends

SIZE = len(CAFFEINE.places)
# An oxygen, and the carbon between two nitrogens at the other end.
PAIR = (7, 3)
# What stands for the second value of a triangle, so that the first alone tells the third node.
NEUTRAL = {"composed_attention": 1.0, "pivotal_attention": 0.0}


@dataclasses.dataclass(frozen=True)
class Picture:
    """A model and where it attends to triangles.

    Attributes:
      title: what the picture shows.
      model: the model, small.
      caller: the module of its layer.
      function: of `gtx.ops.triangle`, which the layer calls.
      encoded: the encodings of the graph.
    """

    title: str
    model: models.Model
    caller: str
    function: str
    encoded: tuple[encodings.Encoding, ...] = ()


PICTURES = {
    "edge_transformer": Picture(
        "Edge Transformer: k by (i, k) and (k, j)",
        models.EdgeTransformer(**SMALL),
        "gtx.nn.blocks.edge_transformer",
        "composed_attention",
    ),
    "tgt": Picture(
        "TGT: k by (i, j), (j, k) and (i, k)",
        # The last layer of an EGT leaves pairs alone.
        models.TGT(**{**SMALL, "num_layers": 2}, pair_dim=16, triplet_heads=2),
        "gtx.nn.attention.triplet",
        "triangle_attention",
        (encodings.ShortestPathDistance(),),
    ),
    "floydnet": Picture(
        "FloydNet: k by (i, j), (i, k) and (k, j)",
        models.FloydNet(**SMALL),
        "gtx.nn.blocks.pivotal",
        "pivotal_attention",
    ),
}


class Run(NamedTuple):
    """What one run of a model recorded.

    Attributes:
      given: the arrays that the first call of attention over triangles was given, by argument.
      ends: the two nodes of each pair, [pairs] each.
      weights: of the third nodes, the mean of heads, [pairs, atoms].
    """

    given: dict[str, Any]
    ends: tuple[Any, Any]
    weights: Any


def run_of(picture: Picture) -> Run:
    """Run a model on caffeine, and record its first attention over triangles."""
    data = data_of(picture.encoded)
    model = picture.model.build(data.spec, encodings=picture.encoded)
    batch = batch_graphs(data, dense=True)
    function = getattr(importlib.import_module(picture.caller), picture.function)

    @jax.jit
    def run(key: Any) -> Run:
        variables = model.init(key, batch, train=False)
        calls: list[dict[str, Any]] = []

        def record(*values: Any, **options: Any) -> Any:
            calls.append(dict(inspect.signature(function).bind(*values, **options).arguments))
            return function(*values, **options)

        with mock.patch(f"{picture.caller}.{picture.function}", record):
            model.apply(variables, batch, train=False)
        call = calls[0]
        ends, heads = pair_ends(call["layout"]), call["value"].shape[1]
        # In all three the first value of a triangle is that of a pair whose sender is the third.
        named = jax.nn.one_hot(ends[1], SIZE, dtype=call["value"].dtype)[:, None]
        values = dict(value=jnp.broadcast_to(named, (named.shape[0], heads, SIZE)))
        if "second_value" in call:
            values["second_value"] = jnp.full_like(values["value"], NEUTRAL[picture.function])
        # A gate multiplies values, and is no part of the weights.
        weights = function(**{**call, **values, **({"gate": None} if "gate" in call else {})})
        names = ("query", "key", "second_key", "bias")
        return Run({name: call[name] for name in names if name in call}, ends, weights.mean(1))

    real = np.asarray(batch.pair_mask)
    return jax.tree.map(lambda rows: np.asarray(rows)[real], run(jax.random.key(0)))


def weights_of(run: Run) -> np.ndarray:
    """The weight that the pair (i, j) gives to the third node k, [i, j, k]."""
    weights = np.zeros((SIZE, SIZE, SIZE))
    weights[run.ends] = run.weights
    return weights


def draw(picture: Picture) -> Figure:
    """The molecule, with the weights of one pair as the colours of its atoms."""
    figure = Figure(figsize=(4.6, 4.0), dpi=command.DPI, layout="constrained")
    axis = figure.subplots()
    values, places = weights_of(run_of(picture))[PAIR], CAFFEINE.places
    lines = LineCollection(list(places[CAFFEINE.edges]), colors="#888888", linewidths=1.8, zorder=1)
    axis.add_collection(lines)
    points = axis.scatter(
        *places.T,
        c=values,
        cmap="viridis_r",
        vmin=0,
        s=CAFFEINE.size,
        edgecolors="#333333",
        linewidths=0.8,
        zorder=2,
    )
    for name, node in zip("ij", PAIR, strict=True):
        ring: dict[str, Any] = dict(facecolors="none", edgecolors="#d7191c", linewidths=2.6)
        axis.scatter(*places[node], s=2.6 * CAFFEINE.size, zorder=3, **ring)
        axis.annotate(name, places[node], (16, -5), textcoords="offset points", fontsize=14)
    figure.colorbar(points, ax=axis, shrink=0.8, pad=0.02)
    axis.set_title(picture.title, fontsize=13)
    axis.set_aspect("equal")
    axis.margins(0.15)
    axis.axis("off")
    return figure


def main(arguments: Sequence[str] | None = None) -> int:
    """Draw the models that were asked for."""
    drawn = {name: functools.partial(draw, picture) for name, picture in PICTURES.items()}
    return command.run(
        arguments, "Draw what triangle models attend to.", "docs/figures/triangles", drawn
    )


if __name__ == "__main__":
    sys.exit(main())
