"""SGFormer with the plain message passing of the authors' code for small graphs, in NumPy."""

import jax
import numpy as np
import pytest

from gtx import batching
from gtx.data import Dataset, Label
from gtx.models import SGFormer

pytestmark = pytest.mark.usefixtures("quick_compilation")
NODES, WORDS, DIM = 5, 3, 4


def norm(x):
    return (x - x.mean(1, keepdims=True)) / np.sqrt(x.var(1, keepdims=True) + 1e-5)


def test_plain_message_passing_reads_the_words_and_ends_without_an_activation():
    rng = np.random.default_rng(0)
    words = rng.normal(size=(NODES, WORDS))
    senders, receivers = np.array([0, 1, 1, 2, 3, 0, 2]), np.array([1, 0, 2, 1, 0, 3, 4])
    label = Label("node", "multiclass", 2)
    with jax.enable_x64(True):
        graphs = Dataset.from_columns(
            node_ptr=[0, NODES], edge_ptr=[0, 7], senders=senders, receivers=receivers,
            nodes=dict(words=words.astype(np.float32)),
        ).with_targets("node", labels=np.zeros(NODES, np.int32), label=label)  # fmt: skip
        module = SGFormer(
            dim=DIM,
            num_layers=2,
            message_passing="plain",
            node_encoders={"words": "identity"},
            dtype="float64",
            param_dtype="float64",
        ).build(graphs.spec)
        batch = batching.batch_graphs(graphs, dense=False)
        shapes = jax.eval_shape(lambda: module.init(jax.random.key(0), batch, train=False))
        params = jax.tree.map(lambda leaf: rng.normal(size=leaf.shape), shapes["params"])
        found = jax.jit(lambda p: module.apply({"params": p}, batch, train=False))(params)

    def linear(x, layer):
        return x @ layer["kernel"] + layer.get("bias", 0.0)

    def scaled(x, layer):
        return norm(x) * layer["scale"] + layer["bias"]

    x = words.astype(np.float32).astype(np.float64)
    # Attention: alpha attention(h) + (1 - alpha) h with equations 3 and 4.
    embed, block = params["embed"]["embed_attention"], params["block_0"]["block"]
    h = np.maximum(scaled(linear(x, embed["node_words"]["linear"]), embed["norm"]), 0)
    query, key, value = (linear(h, block["attention"][name]) for name in ("query", "key", "value"))
    query, key = query / np.linalg.norm(query), key / np.linalg.norm(key)
    products = query @ key.T + NODES * np.eye(NODES)
    attended = products @ value / products.sum(1, keepdims=True)
    h = scaled(0.5 * attended + 0.5 * h, block["norm"])
    # Message passing: relu(A X W + b), then A X W + b.
    adjacency = np.eye(NODES)
    np.add.at(adjacency, (receivers, senders), 1.0)
    degree = adjacency.sum(1)
    adjacency /= np.sqrt(np.outer(degree, degree))
    for place in (1, 2):
        local = params[f"block_{place}"]["local"]
        x = adjacency @ linear(x, local["linear"]) + local["bias"]
        x = np.maximum(x, 0) if place == 1 else x
    mixed = 0.8 * x + 0.2 * h
    (head,) = (layer for layer in params["head"].values())
    np.testing.assert_allclose(found[:NODES], linear(mixed, head), rtol=1e-10)
