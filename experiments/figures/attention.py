"""Draw what attends to what in some models: `python -m experiments.figures.attention`.

Each model is built small, with random parameters, and runs once. What its first block hands to
`gtx.ops.attention` is recorded: who attends to whom, and with which weights. The picture shows
these entries and nothing else: a row for each receiver, a column for each sender, and the mean
weight of the heads as the colour. Where there is no entry the picture is blank.
"""

import contextlib
import dataclasses
import functools
import sys
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple
from unittest import mock

import jax
import jax.numpy as jnp
import numpy as np
from matplotlib.figure import Figure

from experiments.figures import command
from experiments.figures.encodings import CAFFEINE
from gtx import encodings, models, structures
from gtx.batching import batch_graphs
from gtx.data import Categorical, Dataset, GraphSpec, Label
from gtx.ops import Complete, attention, attention_weights, pair_ends, pair_mask
from gtx.structures import Structure

# Where modules take `attention` from.
CALLERS = ("gtx.nn.attention.call", "gtx.nn.attention.san")
LOGITS = ("score", "entry", "bias", "edge_key", "scale")


class Entries(NamedTuple):
    """Who attended to whom in one call.

    Attributes:
      receivers, senders: int [entries].
      weights: [entries], the mean over heads.
      real: bool [entries], False for what is masked.
    """

    receivers: Any
    senders: Any
    weights: Any
    real: Any


@dataclasses.dataclass(frozen=True)
class Picture:
    """A model and the graph that it reads.

    Attributes:
      title: what the picture shows.
      model: the model, small.
      encoded: the encodings of the graph.
      added: the structures that are added to it.
      calls: how many calls of attention make one layer; a second one is drawn in grey.
      path: whether the graph is a path of tokens and not caffeine.
      rows: which rows and columns are drawn; the end of None is that of the last.
      names: what these rows are.
    """

    title: str
    model: models.Model
    encoded: tuple[encodings.Encoding, ...] = ()
    added: tuple[Structure, ...] = ()
    calls: int = 1
    path: bool = False
    rows: tuple[int, int | None] = (0, None)
    names: str = "atoms"


SMALL: dict[str, Any] = dict(dim=16, num_layers=1, num_heads=2)
WALK = encodings.RandomWalk(4)
HOPS = 4

PICTURES = {
    "gps": Picture("GPS: every node", models.GPS(**SMALL, encoding_dim=4), (WALK,)),
    "gt": Picture(
        "GT: neighbours",
        models.GT(**SMALL, node_encoders={"laplacian": "laplacian_linear"}),
        (encodings.LaplacianEigenvectors(4),),
    ),
    "san": Picture(
        "SAN: neighbours, and the others weakly",
        # Its own encoder attends too, among eigenvectors; this one does not.
        models.SAN(**SMALL, gamma=0.2, node_encoders={"laplacian": "laplacian_linear"}),
        (encodings.LaplacianEigenvectors(4),),
        calls=2,
    ),
    "graphormer": Picture(
        "Graphormer: every node and a graph token",
        models.Graphormer(**SMALL, max_hops=4),
        (encodings.ShortestPathDistance(),),
        (structures.VirtualNodes(),),
        names="atoms and the graph token",
    ),
    "exphormer": Picture(
        "Exphormer: neighbours, an expander, a hub",
        models.Exphormer(**SMALL, encoding_dim=4),
        (WALK,),
        (structures.Expander(4),),
        names="atoms and the virtual node",
    ),
    "big_bird": Picture(
        "BigBird: a window, random nodes, a hub",
        models.BigBird(**SMALL),
        (),
        (structures.BigBird(window=2, num_random=2, num_global=1),),
    ),
    "esa": Picture(
        "ESA: edges that share a node",
        models.ESA(
            **SMALL, layers=("M",), hidden_dim=8, edge_hidden_dim=8, graph_dim=8, num_seeds=2
        ),
        (),
        (structures.EdgeTokens(),),
        rows=(len(CAFFEINE.places), None),
        names="bonds, in both directions",
    ),
    "nagphormer": Picture(
        "NAGphormer: a node's own hops",
        models.NAGphormer(**SMALL, num_hops=HOPS),
        (WALK,),
        rows=(0, 3 * (HOPS + 1)),
        names="hops 0 to 4 of three atoms",
    ),
    "language_model": Picture(
        "Language model: itself and what was before",
        models.LanguageModel(**SMALL),
        (),
        (structures.Causal(),),
        path=True,
        names="tokens",
    ),
}


def data_of(
    encoded: Sequence[encodings.Encoding],
    added: Sequence[Structure] = (),
    *,
    path: bool = False,
) -> Dataset:
    """Caffeine, or a path of as many tokens, with these encodings and structures."""
    adjacency = CAFFEINE.adjacency
    if path:
        adjacency = np.eye(len(adjacency), k=1) + np.eye(len(adjacency), k=-1)
    receivers, senders = np.nonzero(adjacency)
    size, level = len(adjacency), "node" if path else "graph"
    spec = GraphSpec(
        nodes=dict(atom=Categorical((4,))),
        edges=dict(bond=Categorical((2,))),
    )
    graph = Dataset.from_columns(
        node_ptr=[0, size],
        edge_ptr=[0, len(senders)],
        senders=senders,
        receivers=receivers,
        nodes=dict(atom=np.arange(size) % 4),
        edges=dict(bond=(senders + receivers) % 2),
        spec=spec,
    )
    rows = size if level == "node" else 1
    labelled = graph.with_targets(
        level, labels=np.zeros((rows, 1), np.float32), label=Label(level, "regression", 1)
    )
    return structures.apply(encodings.apply(labelled, encoded), added)


@contextlib.contextmanager
def recorded(count: int) -> Iterator[list[Entries]]:
    """The entries of the first calls of `gtx.ops.attention` by modules, in their order."""
    calls: list[Entries] = []

    def record(query: Any, key: Any, value: Any, structure: Any, **options: Any) -> Any:
        logits = {name: options[name] for name in LOGITS if name in options}
        if len(calls) < count:
            calls.append(entries_of(query, key, structure, logits))
        return attention(query, key, value, structure, **options)

    with contextlib.ExitStack() as stack:
        for name in CALLERS:
            stack.enter_context(mock.patch(f"{name}.attention", record))
        yield calls


def entries_of(query: Any, key: Any, structure: Any, logits: dict[str, Any]) -> Entries:
    """The entries of one call."""
    weights = attention_weights(query, key, structure, **logits).mean(axis=-1)
    if isinstance(structure, Complete):
        receivers, senders = pair_ends(structure.layout)
        real = jnp.asarray(pair_mask(structure.layout))
    else:
        receivers, senders = structure.receivers, structure.senders
        real = jnp.ones(receivers.shape[0], bool)
    return Entries(
        receivers, senders, weights, real if structure.where is None else real & structure.where
    )


def calls_of(picture: Picture) -> list[Entries]:
    """The entries of the calls of the first layer that attends, on the graph of the picture."""
    data = data_of(picture.encoded, picture.added, path=picture.path)
    model = picture.model.build(
        data.spec,
        encodings=picture.encoded,
        structures=[name for name, kind in structures.STRUCTURES.items()
                    if any(isinstance(one, kind) for one in picture.added)],
    )  # fmt: skip
    batch = batch_graphs(data, dense=True)

    @jax.jit
    def run(key: Any) -> list[Entries]:
        variables = model.init(key, batch, train=False)
        with recorded(picture.calls) as calls:
            model.apply(variables, batch, train=False)
        return calls

    return jax.tree.map(np.asarray, run(jax.random.key(0)))


def matrix(entries: Entries, size: int) -> np.ndarray:
    """Weights by receiver and sender, NaN where there is no entry; several of a pair are added."""
    ends = entries.receivers[entries.real], entries.senders[entries.real]
    total = np.zeros((size, size))
    np.add.at(total, ends, entries.weights[entries.real])
    known = np.zeros((size, size), bool)
    known[ends] = True
    return np.where(known, total, np.nan)


def matrices_of(picture: Picture) -> list[np.ndarray]:
    """What is drawn: a matrix of each call, of the rows of the picture that are not padding."""
    calls = calls_of(picture)
    size = 1 + max(int(ends[one.real].max()) for one in calls for ends in one[:2])
    part = slice(*picture.rows)
    found = [matrix(one, size)[part, part] for one in calls]
    known = np.any([~np.isnan(one) for one in found], axis=0)
    used = np.flatnonzero(known.any(0) | known.any(1))
    return [one[np.ix_(used, used)] for one in found]


def draw(picture: Picture) -> Figure:
    """One square, senders from left to right and receivers from top to bottom."""
    figure = Figure(figsize=(4.4, 4.6), dpi=command.DPI, layout="constrained")
    axis = figure.subplots()
    for values, colours in zip(matrices_of(picture), ("viridis_r", "Greys"), strict=False):
        high = float(np.nanmax(values))
        axis.imshow(values, cmap=colours, vmin=0, vmax=high)
    axis.set_title(picture.title, fontsize=14)
    axis.set_xlabel(picture.names, fontsize=13)
    axis.set_xticks([])
    axis.set_yticks([])
    return figure


def main(arguments: Sequence[str] | None = None) -> int:
    """Draw the models that were asked for."""
    drawn = {name: functools.partial(draw, picture) for name, picture in PICTURES.items()}
    return command.run(
        arguments, "Draw what attends to what in some models.", "docs/figures/models", drawn
    )


if __name__ == "__main__":
    sys.exit(main())
