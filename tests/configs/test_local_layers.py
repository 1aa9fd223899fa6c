"""The message-passing layers that a config may name, in the blocks that they build."""

import jax
import pytest

from gtx import recipes
from gtx.data import Categorical, GraphSpec, Label
from gtx.nn.local import LOCAL
from tests.batches import NUM_ATOMS, NUM_BONDS, build_batch, random_graphs
from tests.configs.shrunk import RECIPES

SPEC = GraphSpec(
    nodes=dict(atom=Categorical(NUM_ATOMS)),
    edges=dict(bond=Categorical(NUM_BONDS)),
    label=Label("graph", "regression", 1),
)
WIDTH, HEADS = 16, 8
# A parameter of the layer and its shape; whether the layer reads edges.
EXPECTED = {
    "gat": ("edge_vector", (HEADS, WIDTH // HEADS), True),
    "gated_gcn": ("nodes", {"kernel": (WIDTH, 4 * WIDTH), "bias": (4 * WIDTH,)}, True),
    "gatv2": ("vector", (HEADS, WIDTH // HEADS), True),
    "gcn": ("linear", {"kernel": (WIDTH, WIDTH)}, False),
    "gcne": ("linear", {"kernel": (WIDTH, WIDTH)}, True),
    "gen": ("hidden", {"kernel": (WIDTH, 2 * WIDTH)}, True),
    "gin": ("hidden", {"kernel": (WIDTH, WIDTH), "bias": (WIDTH,)}, False),
    "gine": ("hidden", {"kernel": (WIDTH, WIDTH), "bias": (WIDTH,)}, True),
    "mpnn": ("hidden", {"kernel": (2 * WIDTH, WIDTH), "bias": (WIDTH,)}, True),
    "pna": ("receivers", (1, WIDTH, WIDTH), True),
    "res_gated_graph_conv": ("edges", (WIDTH, 3 * WIDTH), True),
    "sage": ("root", {"kernel": (WIDTH, WIDTH)}, False),
    "transformer_conv": ("edges", {"kernel": (WIDTH, WIDTH)}, True),
}


def test_every_name_is_listed_here():
    assert {*EXPECTED, "none"} == {*LOCAL, "none"}


@pytest.mark.parametrize("name", EXPECTED)
def test_a_name_builds_its_layer_and_encodes_edges_only_where_they_are_read(name, tmp_path):
    config = RECIPES["smoke"](tmp_path)
    config.encodings = {}
    config.model.update(local=name, num_heads=HEADS, dim=WIDTH, attention_dropout_rate=0.3)
    model, batch = recipes.model(config, SPEC), build_batch(random_graphs())
    params = jax.eval_shape(lambda: model.init(jax.random.key(0), batch))["params"]
    parameter, shape, reads_edges = EXPECTED[name]
    assert jax.tree.map(lambda x: x.shape, params["block_0"]["local"][parameter]) == shape
    assert ("edge_bond" in params["embed"]) == reads_edges
    if name in ("gat", "gatv2", "transformer_conv"):
        local = model.block().local(dim=WIDTH)
        assert (local.num_heads, local.dropout_rate) == (HEADS, 0.3)
