"""What models of layers have in common, by the example of its own docstring."""

import dataclasses
import inspect
import textwrap
from functools import partial
from typing import ClassVar

import jax
import numpy as np
import pytest

from gtx import nn
from gtx.data import Categorical, Continuous, GraphSpec, Label
from gtx.encodings import LaplacianEigenvectors, RandomWalk
from gtx.limits import Layers, Width
from gtx.models import MODELS, LayeredModel, layered
from gtx.models.parts import Attention, Norm, unwrapped
from tests.batches import DIM, NUM_ATOMS, build_batch, random_graphs
from tests.nn.layers import close
from tests.variables import quick_jit

NAMES = dict(
    dataclasses=dataclasses,
    partial=partial,
    ClassVar=ClassVar,
    Layers=Layers,
    Width=Width,
    Norm=Norm,
    LayeredModel=LayeredModel,
    TransformerBlock=nn.TransformerBlock,
    MultiHeadAttention=nn.MultiHeadAttention,
)
CODE = textwrap.dedent(inspect.getdoc(layered).split("\n\n", 2)[2])
exec(compile(CODE, "docstring", "exec"), NAMES)
Mine = NAMES["Mine"]

LABEL = Label("graph", "regression", 2)
SPEC = GraphSpec(
    nodes={"atom": Categorical(NUM_ATOMS), "rwse": Continuous(5)},
    edges={"x": Continuous(DIM)},
    label=LABEL,
)
WALK = RandomWalk(5)


def batch():
    found = build_batch(random_graphs())
    walks = jax.random.normal(jax.random.key(1), (len(found.node_mask), 5))
    nodes = dict(found.graph.nodes, rwse=walks)
    return found.replace(graph=found.graph._replace(nodes=nodes))


def test_the_example_of_the_docstring_builds_and_runs():
    model = Mine(dim=16, num_layers=1, num_heads=2).build(SPEC, encodings=[WALK])
    out, variables = quick_jit(model.init_with_output)(jax.random.key(0), batch())
    assert out.shape[1] == 2 and np.isfinite(out).all()
    embed = variables["params"]["embed"]
    # The encoding is as wide as the nodes, and added to them.
    assert embed["node_atom"]["embedding"].shape == (sum(NUM_ATOMS), 16)
    assert embed["node_rwse"]["linear"]["kernel"].shape == (5, 16)
    assert embed["edge_x"]["linear"]["kernel"].shape == (DIM, 16)
    assert Mine().needs().dense and Mine().num_layers == 6


def test_encodings_take_a_part_of_the_width_where_the_model_says_so():
    model = Mine(dim=16, encoding_dim=6).build(SPEC, encodings=[WALK])
    init = partial(model.embed().init, train=False)
    embed = jax.eval_shape(init, jax.random.key(0), batch())["params"]
    assert embed["node_atom"]["embedding"].shape == (sum(NUM_ATOMS), 10)
    assert embed["node_rwse"]["linear"]["kernel"].shape == (5, 6)


def test_a_norm_after_the_last_block_is_of_the_nodes_that_are_read_out():
    linear = {"rwse": "linear"}
    mine = Mine(dim=8, num_heads=2, num_layers=1, head_layers=1, node_encoders=linear)
    encoders = mine.encoders(SPEC, [WALK])
    parts = dict(embed=mine.embed(encoders), block=mine.build(SPEC, encodings=[WALK]).block)
    plain = mine.transformer(SPEC, **parts)
    normed = mine.transformer(SPEC, **parts, norm=nn.LayerNorm)
    data = batch()
    variables = quick_jit(normed.init)(jax.random.key(0), data)
    params = variables["params"]

    @quick_jit
    def by_hand():
        call = partial(nn.LayerNorm().apply, {"params": params["norm"]})
        features = plain.embed().apply({"params": params["embed"]}, data, train=False)
        block = {"params": params["block_0"]}
        features = plain.block().apply(block, features, data, train=False)
        features = features.replace(nodes=call(features.nodes, data.node_mask, train=False))
        rows = plain.readout().apply({}, features, data, train=False)
        return plain.head().apply({"params": params["head"]}, rows, train=False)

    close(quick_jit(normed.apply)(variables, data), by_hand())


@pytest.mark.parametrize(
    ("level", "kind"),
    [
        ("graph", nn.Pool),
        ("node", nn.NodeReadout),
        ("edge", nn.EdgeReadout),
        ("pair", nn.PairReadout),
    ],
)
def test_the_readout_is_that_of_the_label(level, kind):
    spec = GraphSpec(label=Label(level, "regression", 1))
    readout, settings = unwrapped(Mine(readout_dropout_rate=0.3).readout(spec))
    assert readout is kind and settings["dropout_rate"] == 0.3


def test_virtual_nodes_are_not_pooled():
    assert not Mine().readout(SPEC, ("virtual_nodes",))().virtual_nodes
    assert Mine().readout(SPEC, ("expander",))().virtual_nodes


def test_what_does_not_go_together_is_refused():
    with pytest.raises(ValueError, match="the data have no label"):
        Mine().build(GraphSpec(nodes=SPEC.nodes))
    pairs = dataclasses.replace(SPEC, pairs={"spd": Continuous(2)})
    with pytest.raises(ValueError, match=r"Mine reads no pairs, but .* columns \['spd'\]"):
        Mine().build(pairs)
    with pytest.raises(ValueError, match="dim: 20 is not a multiple of num_heads 8"):
        Mine(dim=20).build(SPEC)
    with pytest.raises(ValueError, match="edges: there is no 'expandre' among graph"):
        Mine().encoders(SPEC, [WALK]).for_edges(("graph", "expandre"))


def test_edges_that_a_model_reads_get_a_vector_where_they_have_no_columns():
    bare = Mine().encoders(dataclasses.replace(SPEC, edges={}, edge_sets={"far": {}}), [WALK])
    assert bare.for_edges(("graph",)).edges == {"constant": nn.ConstantEncoder}
    assert bare.for_edges(("graph",), required=False).edges == {}
    both = bare.for_edges(("graph", "far"), required=False)
    assert both.edges == both.edge_sets["far"] == {"constant": nn.ConstantEncoder}
    assert bare.for_layer(nn.GCN).edges == {} and bare.for_layer(None).edge_sets == {}


def test_a_part_that_reads_all_pairs_needs_a_layout():
    @dataclasses.dataclass(frozen=True, kw_only=True)
    class Either(LayeredModel):
        attention: Attention = "complete"
        build = Mine.build

    assert Either().needs().dense and not Either(attention="edges").needs().dense
    spe = Either(attention="edges", node_encoders={"laplacian": "spe"})
    assert spe.needs().dense


@pytest.mark.parametrize("name", ["ckgcn", "edge_transformer", "egt", "gdt", "grit", "specformer"])
def test_a_pair_column_of_the_name_that_features_of_edges_get_is_refused(name):
    spec = GraphSpec(
        nodes={"x": Categorical((4,))},
        edges={"bond": Categorical((4,))},
        pairs={"edges": Continuous(3)},
        label=LABEL,
    )
    encodings = [LaplacianEigenvectors(2)] if name == "specformer" else []
    with pytest.raises(ValueError, match=r"pair_encoders\.edges: .* Give the pair column"):
        MODELS[name]().build(spec, encodings=encodings)


def test_gdt_refuses_a_pair_column_of_the_name_that_its_token_has():
    spec = GraphSpec(nodes={"x": Categorical((4,))}, pairs={"token": Continuous(3)}, label=LABEL)
    with pytest.raises(ValueError, match=r"pair_encoders\.token: .* Give the pair column 'token'"):
        MODELS["gdt"]().build(spec)


@pytest.mark.parametrize("name", ["big_bird", "performer"])
def test_swiglu_makes_the_feed_forward_layer_gated(name):
    spec = GraphSpec(nodes={"x": Categorical((4,))}, label=LABEL)
    for activation, gated in (("swiglu", True), ("gelu", False)):
        block = MODELS[name](activation=activation).build(spec).block()
        assert block.feed_forward(dim=64).gated == gated
