"""What every layer owes: one list of layers, the same checks for all."""

import dataclasses
import functools

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import traverse_util

import gtx.models
import gtx.nn
from gtx.batch import EdgeSet
from tests.batches import build_batch, permuted, random_graphs
from tests.descriptors import BF16, DESCRIPTORS, by_level, inputs
from tests.variables import random_variables

GRAPHS = random_graphs()
TIGHT = build_batch(GRAPHS, tiers=[(2, 6), (2, 3)])
# Larger tiers, an empty place, and NaN or absurd categories wherever nothing real stands.
PADDING = dict(tiers=[(5, 7)], extra_nodes=4, extra_edges=5, fill=np.nan)
LOOSE = build_batch(GRAPHS, **PADDING)
KEY = jax.random.key(7)
KEYS = dict(params=KEY, dropout=KEY)

pytestmark = pytest.mark.usefixtures("quick_compilation")
every_layer = pytest.mark.parametrize("layer", DESCRIPTORS, ids=lambda layer: layer.name)


def masks(batch):
    names = ("nodes", "edges", "pairs", "graphs")
    return {n: np.asarray(getattr(batch, f"{n[:-1]}_mask")) for n in names}


def init(layer, module, batch=TIGHT):
    """The rows of the first call while training, and the variables that it leaves."""
    rows, variables = layer.outputs(
        module, {}, inputs(batch), batch, train=True, mutable=True, rngs=KEYS
    )
    return rows, {n: variables[n] for n in ("params", "batch_stats") if n in variables}


@functools.cache
def start(layer):
    """Variables of a layer, none of them 0 or 1."""
    _, shapes = jax.eval_shape(lambda: init(layer, layer.factory()))
    return random_variables(shapes)


@functools.cache
def evaluate(layer, **fields):
    """Compiled, without dropout and with the running statistics."""
    module = layer.factory(**fields)
    dtype = fields.get("dtype", jnp.float32)

    @jax.jit
    def call(variables, batch):
        features = jax.tree.map(lambda x: x.astype(dtype), inputs(batch))
        return layer.outputs(module, variables, features, batch, train=False)

    return call


@functools.partial(jax.jit, static_argnums=(0, 1))
def trained(layer, remat, variables, features, batch):
    """Outputs, new batch statistics, and gradients of a curved function of all real rows."""
    module = layer.factory(remat=True) if remat else layer.factory()

    def loss(params, features):
        rows, changed = layer.outputs(
            module,
            {**variables, "params": params},
            features,
            batch,
            train=True,
            mutable=["batch_stats"],
            rngs=KEYS,
        )
        total = 0.0
        for name, values in rows.items():
            real = getattr(batch, f"{name[:-1]}_mask")
            values = jnp.where(real.reshape(-1, *[1] * (values.ndim - 1)), values, 0)
            weights = jnp.cos(jnp.arange(values.shape[-1]))
            total += (values * weights + 0.1 * values**2).sum()
        return total, (rows, changed)

    grads, (rows, changed) = jax.grad(loss, argnums=(0, 1), has_aux=True)(
        variables.get("params", {}), features
    )
    return rows, changed, *grads


def assert_close(actual, expected, tolerance=1e-5):
    def check(path, x, y):
        scale = max(1.0, float(np.abs(y).max(initial=0)))
        name = jax.tree_util.keystr(path)
        np.testing.assert_allclose(x, y, rtol=0, atol=tolerance * scale, err_msg=name)

    jax.tree_util.tree_map_with_path(check, actual, expected)


def real_rows(rows, batch):
    return {name: np.asarray(values)[masks(batch)[name]] for name, values in rows.items()}


@pytest.mark.parametrize(
    "layer", [x for x in DESCRIPTORS if x.kind == "layer"], ids=lambda layer: layer.name
)
def test_a_layer_hands_on_streams_that_it_does_not_know(layer):
    stream = jnp.full((3, 2), jnp.nan)

    def call(variables):
        features = inputs(TIGHT).replace(extra={"positions": stream})
        changed = layer.factory().apply(variables, features, TIGHT, train=False)
        assert list(changed.extra) == ["positions"] and changed.extra["positions"] is stream
        return ()

    jax.eval_shape(call, start(layer))


@every_layer
def test_padding_changes_neither_values_nor_gradients_even_if_it_holds_nan(layer):
    variables = start(layer)
    tight = trained(layer, False, variables, inputs(TIGHT), TIGHT)
    loose = trained(layer, False, variables, inputs(LOOSE), LOOSE)
    assert_close(real_rows(loose[0], LOOSE), real_rows(tight[0], TIGHT))
    assert_close(loose[1], tight[1])
    assert_close(loose[2], tight[2], 1e-4)
    grads = by_level(loose[3])
    assert_close(real_rows(grads, LOOSE), real_rows(by_level(tight[3]), TIGHT), 1e-4)
    for name, values in grads.items():
        assert not np.any(np.asarray(values)[~masks(LOOSE)[name]])
    for name, values in loose[0].items():
        if layer.kind in ("norm", "encoder"):
            assert not np.any(np.asarray(values)[~masks(LOOSE)[name]])


def without_some_edges(graphs):
    """A third of the edges, and all that enter node 0 of each graph, masked and deleted.

    Both batches have the shapes of LOOSE; what the masked edges hold is as absurd as padding.
    """
    rng = np.random.default_rng(8)
    kept = [(rng.random(len(g.senders)) < 0.7) & (g.receivers > 0) for g in graphs]
    fewer = [
        dataclasses.replace(
            graph,
            senders=graph.senders[rows],
            receivers=graph.receivers[rows],
            edges={name: values[rows] for name, values in graph.edges.items()},
        )
        for graph, rows in zip(graphs, kept, strict=True)
    ]
    kept = np.concatenate(kept)
    removed = int((~kept).sum())
    padding = {**PADDING, "extra_edges": PADDING["extra_edges"] + removed}
    mask = np.append(kept, np.zeros(PADDING["extra_edges"], bool))

    def pour(values):
        void = np.nan if jnp.issubdtype(values.dtype, jnp.floating) else 10**6
        return jnp.where(mask.reshape(-1, *[1] * (values.ndim - 1)), values, void)

    graph = LOOSE.graph._replace(edges={n: pour(v) for n, v in LOOSE.graph.edges.items()})
    masked = LOOSE.replace(graph=graph, edge_mask=jnp.asarray(mask))
    return masked, build_batch(fewer, **padding)


MASKED, DELETED = without_some_edges(GRAPHS)


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


def is_edges(field):
    """Whether it names the edge sets that a layer runs over; see `OVER_EDGES`."""
    return field.name == "edges" and field.default == ("graph",)


def runs_over_edges(layer):
    module = layer.factory()
    return getattr(module, "structure", "edges") == "edges" and any(
        map(is_edges, dataclasses.fields(module))
    )


OVER_EDGES = [layer for layer in DESCRIPTORS if runs_over_edges(layer)]


def dealt(batch, names):
    """The real edges dealt to several sets in turn, features of edges, and where each stands.

    What is left in the given graph's edges but belongs to another set is masked, and holds NaN
    and absurd categories; so do masked edges in the other sets.
    """
    real, count = np.flatnonzero(batch.edge_mask), len(names)
    features = inputs(batch)
    where, edges, edge_sets, sets = {}, features.edges, {}, {}
    mask = np.zeros(len(batch.edge_mask), bool)
    for number, name in enumerate(names):
        rows = real[number::count]
        if name == "graph":
            mask[rows] = True
            where[name] = (rows, rows)
            continue
        # Two edges before the last are masked: the first of all edges, told twice.
        held = np.sort(np.concatenate([rows, real[:2]]))
        keep = np.isin(held, rows) & np.append(True, np.diff(held) > 0)
        sets[name] = EdgeSet(batch.senders[held], batch.receivers[held], jnp.asarray(keep))
        edge_sets[name] = jnp.where(keep[:, None], features.edges[held], jnp.nan)
        where[name] = (np.flatnonzero(keep), held[keep])
    edges = jnp.where(mask[:, None], edges, jnp.nan)
    batch = batch.replace(edge_mask=jnp.asarray(mask), edge_sets=sets)
    return features.replace(edges=edges, edge_sets=edge_sets), batch, where


@functools.partial(jax.jit, static_argnums=(0, 1))
def nodes_over(layer, names, variables, features, batch):
    """Nodes and edges that a layer over these edge sets returns, and gradients of the nodes."""
    module = layer.factory(edges=names)

    def loss(params, features):
        out, changed = module.apply(
            {**variables, "params": params},
            features,
            batch,
            train=True,
            mutable=["batch_stats"],
            rngs=KEYS,
        )
        nodes = jnp.where(batch.node_mask[:, None], out.nodes, 0)
        weights = jnp.cos(jnp.arange(nodes.shape[-1]))
        return (nodes * weights + 0.1 * nodes**2).sum(), (nodes, changed, out)

    arguments = variables.get("params", {}), features
    grads, results = jax.grad(loss, argnums=(0, 1), has_aux=True)(*arguments)
    return *results, *grads


@pytest.mark.parametrize("names", [("extra",), ("graph", "extra", "more")], ids="+".join)
@pytest.mark.parametrize("layer", OVER_EDGES, ids=lambda layer: layer.name)
def test_edges_in_other_sets_are_as_good_as_those_of_the_graph(layer, names):
    features, batch, where = dealt(LOOSE, names)
    whole = nodes_over(layer, ("graph",), start(layer), inputs(LOOSE), LOOSE)
    parts = nodes_over(layer, names, start(layer), features, batch)
    assert_close(parts[0], whole[0])
    assert_close(parts[1], whole[1])
    assert_close(parts[3], whole[3], 1e-4)

    def of(features, name):
        return np.asarray(features.edges if name == "graph" else features.edge_sets[name])

    for name, (mine, theirs) in where.items():
        assert_close(of(parts[2], name)[mine], of(whole[2], "graph")[theirs])
        expected = np.zeros_like(of(parts[4], name))
        expected[mine] = of(whole[4], "graph")[theirs]
        assert_close(of(parts[4], name), expected, 1e-4)


@every_layer
def test_the_order_of_graphs_does_not_matter_dropout_included(layer):
    order = [2, 0, 3, 1]
    shuffled = build_batch([GRAPHS[i] for i in order], ids=order, **PADDING)
    variables = start(layer)
    before, _, grads, _ = trained(layer, False, variables, inputs(LOOSE), LOOSE)
    after, _, shuffled_grads, _ = trained(layer, False, variables, inputs(shuffled), shuffled)
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
        rows = np.concatenate([parts[i] for i in order])
        assert_close(np.asarray(after[name])[: len(rows)], rows)


@every_layer
def test_renaming_nodes_renames_the_result(layer):
    rng = np.random.default_rng(3)
    copies, orders = zip(*[permuted(graph, rng) for graph in GRAPHS], strict=True)
    batch = build_batch(list(copies), **PADDING)
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
    *_, grads, _ = trained(layer, False, variables, inputs(TIGHT), TIGHT)
    for path, grad in traverse_util.flatten_dict(grads, sep="/").items():
        unread = path.startswith(layer.unread)
        assert np.isfinite(grad).all() and np.any(grad) != unread, path


@every_layer
def test_jit_equals_eager(layer):
    rows = layer.outputs(layer.factory(), start(layer), inputs(LOOSE), LOOSE, train=False)
    assert_close(real_rows(evaluate(layer)(start(layer), LOOSE), LOOSE), real_rows(rows, LOOSE))


with_dtype = [d for d in DESCRIPTORS if "dtype" in d.options]


@pytest.mark.parametrize("layer", with_dtype, ids=lambda layer: layer.name)
def test_computing_in_bfloat16_keeps_parameters_in_float32(layer):
    variables = start(layer)
    _, shapes = jax.eval_shape(lambda: init(layer, layer.factory(dtype=BF16)))
    assert {x.dtype for x in jax.tree.leaves(shapes)} == {jnp.dtype(jnp.float32)}
    rough = evaluate(layer, dtype=BF16)(variables, LOOSE)
    exact = real_rows(evaluate(layer)(variables, LOOSE), LOOSE)
    for name, values in rough.items():
        head = layer.kind == "model" or layer.name == "mlp_head"
        assert values.dtype == (jnp.float32 if head else BF16), name
    assert_close(real_rows(jax.tree.map(jnp.float32, rough), LOOSE), exact, 0.05)


with_remat = [d for d in DESCRIPTORS if "remat" in d.neutral]


@pytest.mark.parametrize("layer", with_remat, ids=lambda layer: layer.name)
def test_remat_changes_nothing(layer):
    variables = start(layer)
    kept = trained(layer, False, variables, inputs(LOOSE), LOOSE)
    again = trained(layer, True, variables, inputs(LOOSE), LOOSE)
    assert_close(real_rows(again[0], LOOSE), real_rows(kept[0], LOOSE))
    assert_close(again[1:3], kept[1:3])


@every_layer
def test_every_option_is_listed(layer):
    module = layer.factory()
    if layer.kind == "model":
        return
    fields = {
        f.name
        for f in dataclasses.fields(module)
        if has_default(f) and not is_edges(f) and f.name not in ("parent", "name")
    }
    assert fields == {*layer.options, *layer.neutral}


def has_default(field):
    missing = dataclasses.MISSING
    return field.default is not missing or field.default_factory is not missing


OPTIONS = [(d, name) for d in DESCRIPTORS for name in d.options]


@pytest.mark.parametrize("layer, option", OPTIONS, ids=[f"{d.name}-{name}" for d, name in OPTIONS])
def test_every_option_changes_the_result(layer, option):
    modules = layer.factory(), layer.factory(**{option: layer.options[option]})
    if option.endswith("_init"):
        programs = [str(jax.make_jaxpr(lambda m=m: init(layer, m)[1])()) for m in modules]
        assert programs[0] != programs[1]
        return
    shapes = [jax.eval_shape(lambda m=m: init(layer, m)) for m in modules]
    if str(shapes[0]) != str(shapes[1]):
        return
    before, after = (
        layer.outputs(
            module,
            start(layer),
            inputs(LOOSE),
            LOOSE,
            train=True,
            mutable=["batch_stats"],
            rngs=KEYS,
        )
        for module in modules
    )
    before, after = (real_rows(before[0], LOOSE), before[1]), (real_rows(after[0], LOOSE), after[1])
    same = jax.tree.map(np.array_equal, before, after)
    assert not all(jax.tree.leaves(same))


def test_every_public_module_is_described():
    described = {type(layer.factory()) for layer in DESCRIPTORS}
    public = [getattr(room, n) for room in (gtx.nn, gtx.models) for n in room.__all__]
    modules = {x for x in public if isinstance(x, type) and issubclass(x, nn.Module)}
    assert modules == described
