"""What every layer owes: one list of layers, the same checks for all.

The checks of a layer share three compiled programs (`trained`, `forward`, `evaluate`), because
compiling takes most of the time. What needs further programs is slow, but for one layer or two.
"""

import dataclasses
import functools
import json

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import traverse_util

import gtx.models
import gtx.nn
from tests import golden_trees
from tests.descriptors import BF16, DESCRIPTORS, by_level, inputs
from tests.descriptors.batches import (
    DELETED,
    GRAPHS,
    LOOSE,
    MASKED,
    TIGHT,
    ZEROS,
    dealt,
)
from tests.layer_programs import (
    KEYS,
    ORDER,
    assert_close,
    curved,
    evaluate,
    every_layer,
    forward,
    init,
    is_edges,
    masks,
    real_rows,
    renamed,
    shuffled,
    slow_unless,
    start,
    trained,
)

pytestmark = pytest.mark.usefixtures("quick_compilation")
# Of models the loop and every part are rows of their own.
slow_for_models = slow_unless(
    lambda layer: layer.kind != "model" or layer.name == "graph_transformer"
)


@pytest.mark.parametrize(
    "layer", [x for x in DESCRIPTORS if x.kind == "layer"], ids=lambda layer: layer.name
)
def test_a_layer_hands_on_streams_that_it_does_not_know(layer):
    stream = jnp.full((3, 2), jnp.nan)

    def trace(variables):
        features = inputs(TIGHT).replace(extra={"positions": stream})
        changed = layer.factory().apply(variables, features, TIGHT, train=False)
        assert list(changed.extra) == ["positions"] and changed.extra["positions"] is stream
        return ()

    jax.eval_shape(trace, start(layer))


@every_layer
def test_padding_changes_neither_values_nor_gradients_even_if_it_holds_nan(layer):
    variables = start(layer)
    loose = trained(layer, False, variables, inputs(LOOSE), LOOSE)
    zeros = trained(layer, False, variables, inputs(ZEROS), ZEROS)
    assert_close(loose[1:3], zeros[1:3])
    assert_close(real_rows(loose[0], LOOSE), real_rows(zeros[0], ZEROS))
    grads = by_level(loose[3])
    assert_close(real_rows(grads, LOOSE), real_rows(by_level(zeros[3]), LOOSE))
    for name, values in grads.items():
        assert not np.any(np.asarray(values)[~masks(LOOSE)[name]])
    for name, values in loose[0].items():
        if layer.kind in ("norm", "encoder"):
            assert not np.any(np.asarray(values)[~masks(LOOSE)[name]])


@slow_for_models
def test_less_padding_changes_no_value(layer):
    variables = start(layer)
    tight = forward(layer, variables, TIGHT)
    loose = trained(layer, False, variables, inputs(LOOSE), LOOSE)
    assert_close(real_rows(loose[0], LOOSE), real_rows(tight[0], TIGHT))
    assert_close(loose[1], tight[1])


@pytest.mark.slow
@every_layer
def test_gradients_are_the_same_under_any_padding(layer):
    variables = start(layer)
    tight = trained(layer, False, variables, inputs(TIGHT), TIGHT)
    loose = trained(layer, False, variables, inputs(LOOSE), LOOSE)
    assert_close(loose[2], tight[2], 1e-4)
    grads = by_level(loose[3])
    assert_close(real_rows(grads, LOOSE), real_rows(by_level(tight[3]), TIGHT), 1e-4)


@every_layer
def test_masking_edges_equals_deleting_them_even_if_they_hold_nan(layer):
    variables = start(layer)
    masked = trained(layer, False, variables, inputs(MASKED), MASKED)
    deleted = trained(layer, False, variables, inputs(DELETED), DELETED)
    assert_close(real_rows(masked[0], MASKED), real_rows(deleted[0], DELETED))
    assert_close(masked[1], deleted[1])
    assert_close(masked[2], deleted[2], 1e-4)
    grads = by_level(masked[3])
    assert_close(real_rows(grads, MASKED), real_rows(by_level(deleted[3]), DELETED), 1e-4)
    for name, values in grads.items():
        assert not np.any(np.asarray(values)[~masks(MASKED)[name]])


def runs_over_edges(layer):
    module = layer.factory()
    return getattr(module, "structure", "edges") == "edges" and any(
        map(is_edges, dataclasses.fields(module))
    )


OVER_EDGES = [layer for layer in DESCRIPTORS if runs_over_edges(layer)]


@functools.partial(jax.jit, static_argnums=(0, 1))
def trained_over(layer, names, variables, features, batch):
    """What a layer over these edge sets returns, its statistics, and gradients as in `trained`."""
    module = layer.factory(edges=names)

    def loss(params, features):
        given = {**variables, "params": params}
        arguments = dict(train=True, mutable=["batch_stats"], rngs=KEYS)
        out, changed = module.apply(given, features, batch, **arguments)
        masks = {name: one.mask for name, one in batch.edge_sets.items()}
        return curved({**by_level(out), **out.edge_sets}, batch, masks), (out, changed)

    grads, results = jax.grad(loss, argnums=(0, 1), has_aux=True)(
        variables.get("params", {}), features
    )
    return *results, *grads


SETS = [
    ("graph", "extra", "more"),
    pytest.param(("extra",), marks=pytest.mark.slow),
]


@pytest.mark.parametrize("names", SETS, ids="+".join)
@pytest.mark.parametrize("layer", OVER_EDGES, ids=lambda layer: layer.name)
def test_edges_in_other_sets_are_as_good_as_those_of_the_graph(layer, names):
    features, batch, where = dealt(LOOSE, names)
    rows, *whole = trained(layer, False, start(layer), inputs(LOOSE), LOOSE)
    out, *parts = trained_over(layer, names, start(layer), features, batch)
    rest = [level for level in rows if level != "edges"]
    assert_close(
        {level: real_rows(by_level(out), batch)[level] for level in rest},
        {level: real_rows(rows, LOOSE)[level] for level in rest},
    )
    assert_close(parts[0], whole[0])
    assert_close(parts[1], whole[1], 1e-4)

    def of(features, name):
        return np.asarray(features.edges if name == "graph" else features.edge_sets[name])

    for name, (mine, theirs) in where.items():
        assert_close(of(out, name)[mine], np.asarray(rows["edges"])[theirs])
        expected = np.zeros_like(of(parts[2], name))
        expected[mine] = np.asarray(whole[2].edges)[theirs]
        assert_close(of(parts[2], name), expected, 1e-4)


@every_layer
def test_the_order_of_graphs_does_not_matter_dropout_included(layer):
    batch, variables = shuffled(), start(layer)
    before, _, grads, _ = trained(layer, False, variables, inputs(LOOSE), LOOSE)
    after, _, shuffled_grads, _ = trained(layer, False, variables, inputs(batch), batch)
    assert_close(shuffled_grads, grads, 1e-4)
    for name, values in before.items():
        sizes = dict(
            nodes=[g.size for g in GRAPHS],
            edges=[len(g.senders) for g in GRAPHS],
            graphs=[1] * len(GRAPHS),
        )
        if name == "pairs":  # where they stand in the layout is not their order
            continue
        parts = np.split(np.asarray(values), np.cumsum(sizes[name]))
        rows = np.concatenate([parts[i] for i in ORDER])
        assert_close(np.asarray(after[name])[: len(rows)], rows)


@slow_for_models
def test_renaming_nodes_renames_the_result(layer):
    batch, orders = renamed()
    before, after = (evaluate(layer)(start(layer), b) for b in (LOOSE, batch))
    for name in before:
        rows = real_rows(before, LOOSE)[name]
        stops = np.cumsum([len(order[name]) for order in orders])
        parts = np.split(rows, stops)[:-1]
        rows = np.concatenate([p[o[name]] for p, o in zip(parts, orders, strict=True)])
        assert_close(real_rows(after, batch)[name], rows)


@every_layer
def test_every_parameter_has_a_finite_gradient_that_is_not_zero(layer):
    variables = start(layer)
    *_, grads, _ = jax.device_get(trained(layer, False, variables, inputs(LOOSE), LOOSE))
    for path, grad in traverse_util.flatten_dict(grads, sep="/").items():
        unread = path.startswith(layer.unread)
        assert np.isfinite(grad).all() and np.any(grad) != unread, path


@slow_unless(lambda layer: layer.name in ("gatv2", "pma"))
def test_jit_equals_eager(layer):
    rows = layer.outputs(layer.factory(), start(layer), inputs(LOOSE), LOOSE, train=False)
    assert_close(real_rows(evaluate(layer)(start(layer), LOOSE), LOOSE), real_rows(rows, LOOSE))


with_dtype = [d for d in DESCRIPTORS if "dtype" in d.options]


@slow_unless(lambda layer: layer.kind != "model", with_dtype)
def test_computing_in_bfloat16_keeps_parameters_in_float32(layer):
    variables = start(layer)
    _, found = jax.eval_shape(lambda: init(layer, layer.factory(dtype=BF16)))
    assert {x.dtype for x in jax.tree.leaves(found)} == {jnp.dtype(jnp.float32)}
    rough = evaluate(layer, dtype=BF16)(variables, LOOSE)
    exact = real_rows(evaluate(layer)(variables, LOOSE), LOOSE)
    for name, values in rough.items():
        head = layer.kind == "model" or layer.name == "mlp_head"
        assert values.dtype == (jnp.float32 if head else BF16), name
    assert_close(real_rows(jax.tree.map(jnp.float32, rough), LOOSE), exact, 0.05)


with_remat = [d for d in DESCRIPTORS if "remat" in d.neutral]


@slow_unless(lambda layer: layer.name == "graph_transformer", with_remat)
def test_remat_changes_nothing(layer):
    variables = start(layer)
    kept = trained(layer, False, variables, inputs(LOOSE), LOOSE)
    again = trained(layer, True, variables, inputs(LOOSE), LOOSE)
    assert_close(real_rows(again[0], LOOSE), real_rows(kept[0], LOOSE))
    assert_close(again[1:3], kept[1:3])


@every_layer
def test_parameters_have_the_names_and_shapes_on_file(layer):
    path = golden_trees.file_of(layer)
    expected = json.loads(path.read_text()) if path.exists() else None
    assert golden_trees.tree_of(layer) == expected, (
        f"The parameters of {layer.name} are not those of {path.name}; checkpoints of the one do "
        f"not load into the other. If that is meant, run: {golden_trees.COMMAND}"
    )


def test_no_file_of_parameters_is_left_over():
    files = {path.name for path in golden_trees.FOLDER.iterdir()}
    assert files == {golden_trees.file_of(layer).name for layer in DESCRIPTORS}


def test_every_public_module_is_described():
    described = {type(layer.factory()) for layer in DESCRIPTORS}
    public = [getattr(room, n) for room in (gtx.nn, gtx.models) for n in room.__all__]
    modules = {x for x in public if isinstance(x, type) and issubclass(x, nn.Module)}
    assert modules == described
