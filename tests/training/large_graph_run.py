"""Three steps of a GCN on one large graph, and the memory that they took. Run by a test.

python -m tests.training.large_graph_run nell|minesweeper
"""

import functools
import json
import os
import sys
import tempfile

import jax
import numpy as np

import gtx.batching
import gtx.data
import gtx.models
import gtx.nn
import gtx.tasks
import gtx.training
from experiments.benchmarks.memory import peak_memory

DATA = os.environ.get("GTX_DATA", "")


def nell() -> gtx.data.Dataset:
    """65,755 nodes with 251,550 directed edges; classes of nodes are drawn."""
    found = np.load(f"{DATA}/nell_structure/nell.npz")
    size, (one, two) = int(found["num_nodes"]), found["edge_index_undirected"]
    degree = np.minimum(np.bincount(np.concatenate([one, two]), minlength=size), 63)
    classes = np.random.default_rng(0).integers(0, 10, size)
    return _dataset(
        one, two, dict(degree=degree), dict(degree=gtx.data.Categorical((64,))), classes
    )


def minesweeper() -> gtx.data.Dataset:
    """10,000 nodes with 78,804 directed edges."""
    found = np.load(f"{DATA}/heterophilous/minesweeper.npz")
    features = found["node_features"].astype(np.float32)
    spec = dict(features=gtx.data.Continuous(features.shape[1]))
    labels = found["node_labels"].astype(np.int64)
    return _dataset(*found["edges"].T, dict(features=features), spec, labels)


def _dataset(one, two, nodes, spec, classes):
    num_classes = int(classes.max()) + 1
    return gtx.data.Dataset.from_columns(
        node_ptr=[0, len(classes)],
        edge_ptr=[0, 2 * len(one)],
        senders=np.concatenate([one, two]),
        receivers=np.concatenate([two, one]),
        nodes=nodes,
        labels=classes,
        spec=gtx.data.GraphSpec(
            nodes=spec, label=gtx.data.Label("node", "multiclass", num_classes)
        ),
    )


def model(dataset: gtx.data.Dataset) -> gtx.models.GraphTransformer:
    encoders = {
        name: functools.partial(gtx.nn.CategoricalEncoder, sizes=column.sizes)
        if isinstance(column, gtx.data.Categorical)
        else gtx.nn.LinearEncoder
        for name, column in dataset.spec.nodes.items()
    }
    return gtx.models.GraphTransformer(
        embed=functools.partial(gtx.nn.Embed, 64, encoders),
        block=functools.partial(gtx.nn.GCN, 64),
        num_layers=2,
        readout=gtx.nn.NodeReadout,
        head=functools.partial(gtx.nn.MLPHead, dataset.spec.label.dim, 1),
    )


def main(name: str) -> None:
    jax.devices()
    before = peak_memory()
    dataset = dict(nell=nell, minesweeper=minesweeper)[name]()
    budget = gtx.batching.fit_budget(dataset, 1, dense=False)
    evaluator = gtx.training.Evaluator(
        model(dataset), gtx.tasks.from_label(dataset.spec.label), budget
    )
    batches = evaluator.prepare(dataset)
    evaluated = sum(leaf.nbytes for _, batch in batches for leaf in jax.tree.leaves(batch))
    del batches
    with tempfile.TemporaryDirectory() as workdir:
        result = gtx.training.fit(
            model(dataset),
            evaluator.task,
            gtx.batching.Resident(dataset, budget),
            optimizer=gtx.training.adamw(gtx.training.Constant(0.01)),
            num_epochs=3,
            workdir=workdir,
        )
    print(
        json.dumps(
            dict(
                losses=[row["loss"] for row in result.history],
                steps=int(result.state.step),
                mib=(peak_memory() - before) / 2**20,
                evaluated_bytes=evaluated,
                nodes=int(dataset.node_ptr[-1]),
                edges=int(dataset.edge_ptr[-1]),
            )
        )
    )


if __name__ == "__main__":
    main(sys.argv[1])
