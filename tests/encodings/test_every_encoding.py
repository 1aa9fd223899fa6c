"""What holds for every encoding of the package: ENCODINGS lists them all, in several settings."""

import functools
import inspect

import jax
import jax.extend
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gtx.encodings
from gtx.data.spec import Categorical
from gtx.encodings import (
    RRWP,
    Degree,
    DegreeClass,
    Electrostatic,
    Encoding,
    HeatKernel,
    HeatKernelDiagonal,
    LaplacianEigenvectors,
    MagneticLaplacian,
    OrthogonalRandomFeatures,
    PageRank,
    PersonalizedPageRank,
    RandomIdentifiers,
    RandomWalk,
    ResistanceDistance,
    ShortestPathDistance,
    ShortestPaths,
    SingularVectors,
    Sinusoidal,
    SubstructureCounts,
    WeisfeilerLeman,
    check_symmetry,
)
from gtx.encodings.base import storage
from gtx.encodings.engine.fingerprint import fingerprint
from tests.encodings.graphs import (
    complete,
    cycle,
    dataset_of,
    irregular,
    multigraphs,
    path,
    star,
    union,
)

ENCODINGS = [
    Degree(("in", "out", "total")),
    Degree(transform="log"),
    DegreeClass(3),
    Electrostatic(),
    HeatKernel((0.3, 2.0)),
    HeatKernelDiagonal((0.3, 2.0)),
    LaplacianEigenvectors(4),
    LaplacianEigenvectors(12, "none"),
    LaplacianEigenvectors(5, "rw"),
    MagneticLaplacian(4),
    MagneticLaplacian(12, 0.1, "none"),
    OrthogonalRandomFeatures(5),
    PageRank((0.15, 0.5)),
    PersonalizedPageRank((0.15, 0.5)),
    RRWP(5),
    RRWP(3, identity=False, reverse=True, name="walks"),
    RandomIdentifiers(3),
    RandomWalk(6),
    ResistanceDistance(),
    ShortestPathDistance(3),
    ShortestPathDistance(50),
    ShortestPaths(),
    SingularVectors(3),
    SingularVectors(12, self_loops=False),
    Sinusoidal(5),
    SubstructureCounts(),
    SubstructureCounts(("clique_4", "cycle_5"), "log"),
    WeisfeilerLeman(),
]
EXACT = [encoding for encoding in ENCODINGS if encoding.symmetry == "exact"]
# Of an eigenvector only the eigenspace can be compared: its own tests do that.
UNIQUE = [encoding for encoding in ENCODINGS if encoding.symmetry in ("exact", "none")]

# Categories have no gradient.
FLOATS = [
    encoding
    for encoding in ENCODINGS
    if not any(isinstance(column, Categorical) for column in encoding.columns().values())
]
# Settings that take other ways inside a step.
LONG = [
    RandomWalk(50),
    LaplacianEigenvectors(4, vector_norm="L1", trivial=False),
]

pytestmark = pytest.mark.usefixtures("quick_compilation")


def directed(n=8, seed=3):
    rng = np.random.default_rng(seed)
    return rng.integers(1, 3, (n, n)) * (rng.random((n, n)) < 0.3).astype(float)


# All of eight nodes: a batch.
GRAPHS = {
    "irregular": irregular(8),
    "cycle": cycle(8),
    "complete": complete(8),
    "star": star(7),
    "two components": union(complete(4), path(4)),
    "isolated nodes": union(cycle(5), np.zeros((3, 3))),
    "no edges": np.zeros((8, 8)),
    "loops and duplicates": path(8) * 2 + np.eye(8),
    "directed": directed(),
    "a directed path": np.eye(8, k=-1),
    "a loop alone": union(np.ones((1, 1)), np.zeros((7, 7))),
}
BATCH = np.stack(list(GRAPHS.values()))


def shape_of(key, column, graphs, n):
    lead = dict(node=(graphs, n), pair=(graphs, n, n), graph=(graphs,))
    return (*lead[key[0]], storage(column)[0])


def assert_sound(encoding, values, graphs, n, floats=np.float64):
    """Shapes and dtypes as declared, all numbers finite, all categories in their vocabulary."""
    columns = encoding.columns()
    assert values.keys() == columns.keys()
    for key, column in columns.items():
        found = np.asarray(values[key])
        assert found.shape == shape_of(key, column, graphs, n), key
        if isinstance(column, Categorical):
            assert found.dtype == np.int32, key
            assert np.all((found >= 0) & (found < np.array(column.sizes))), key
        else:
            assert found.dtype == floats, key
            assert np.all(np.isfinite(found)), key


def test_the_list_is_complete():
    classes = {
        value
        for value in vars(gtx.encodings).values()
        if inspect.isclass(value) and hasattr(value, "columns") and value is not Encoding
    }
    assert classes == {type(encoding) for encoding in ENCODINGS}


@pytest.mark.parametrize("encoding", ENCODINGS, ids=str)
def test_it_is_an_encoding_that_can_be_told_from_all_others(encoding):
    assert isinstance(encoding, Encoding)
    assert hash(encoding) == hash(type(encoding)(**_settings(encoding)))
    others = [fingerprint(other) for other in ENCODINGS if other is not encoding]
    assert fingerprint(encoding) not in others


def _settings(encoding):
    return {name: getattr(encoding, name) for name in inspect.signature(type(encoding)).parameters}


@pytest.mark.parametrize(
    ("kind", "field", "value"),
    [
        (Degree, "directions", "in"),
        (DegreeClass, "directions", "out"),
        (HeatKernel, "times", 1.0),
        (HeatKernelDiagonal, "times", [1.0]),
        (PageRank, "alphas", 0.15),
        (PersonalizedPageRank, "alphas", 0.15),
        (SubstructureCounts, "patterns", "cycle_3"),
    ],
)
def test_one_value_in_the_place_of_several_is_answered_with_how_to_write_it(kind, field, value):
    encoding = object.__new__(kind)  # past the check of types, which only tests have
    object.__setattr__(encoding, field, value)
    with pytest.raises(ValueError, match=rf"{field} must be a tuple such as \(.*,\), got"):
        encoding.__post_init__()


@pytest.mark.parametrize("encoding", ENCODINGS, ids=str)
def test_it_has_the_symmetry_that_it_declares(encoding):
    for seed in range(3):
        check_symmetry(encoding, BATCH, seed=seed)


@pytest.mark.parametrize("encoding", ENCODINGS, ids=str)
@pytest.mark.parametrize("n", [0, 1, 2, 5])
@pytest.mark.parametrize("graphs", [0, 2])
def test_graphs_without_edges_or_nodes_and_batches_without_graphs_have_an_answer(
    encoding, n, graphs
):
    assert_sound(encoding, encoding(np.zeros((graphs, n, n))), graphs, n)
    assert_sound(encoding, encoding(np.zeros((graphs, n, n)) + np.eye(n)), graphs, n)


@given(graph=multigraphs(), encoding=st.sampled_from(ENCODINGS))
@settings(deadline=None, max_examples=150)
def test_every_graph_has_an_answer(graph, encoding):
    assert_sound(encoding, encoding(graph[None]), 1, len(graph))


@pytest.mark.parametrize("encoding", ENCODINGS, ids=str)
def test_the_argument_is_not_changed(encoding):
    adjacency = BATCH.copy()
    adjacency.flags.writeable = False
    encoding(adjacency)


@pytest.mark.parametrize("encoding", ENCODINGS, ids=str)
def test_graphs_of_a_batch_do_not_see_each_other(encoding):
    together = encoding(BATCH)
    for number in range(len(BATCH)):
        alone = encoding(BATCH[number : number + 1])
        for key in alone:
            np.testing.assert_allclose(alone[key][0], together[key][number], atol=1e-13)


@pytest.mark.parametrize("encoding", ENCODINGS, ids=str)
def test_a_compiled_step_gives_the_same_values_and_finite_gradients_on_every_graph(encoding):
    expected = encoding(BATCH)

    def total(adjacency):
        found = encoding(adjacency, xp=jnp)
        return sum((values**2).sum() for values in found.values()), found

    with jax.enable_x64(True):
        if encoding in FLOATS:  # one program for both
            gradient, found = jax.device_get(jax.jit(jax.grad(total, has_aux=True))(BATCH))
            assert np.all(np.isfinite(gradient))
            assert np.abs(gradient).max() < 1e4  # bounded too, at repeated eigenvalues
        else:
            found = jax.device_get(jax.jit(lambda adjacency: total(adjacency)[1])(BATCH))
    assert_sound(encoding, found, *BATCH.shape[:2])
    if encoding in UNIQUE:
        for key, values in expected.items():
            np.testing.assert_allclose(found[key], values, atol=1e-12, err_msg=str(key))


@pytest.mark.parametrize("encoding", ENCODINGS, ids=str)
def test_a_compiled_step_works_in_float32_and_without_nodes(encoding):
    step = jax.jit(lambda adjacency: encoding(adjacency, xp=jnp))
    found = jax.device_get(step(jnp.asarray(BATCH, jnp.float32)))
    assert_sound(encoding, found, *BATCH.shape[:2], floats=np.float32)
    if encoding in UNIQUE:
        for key, values in encoding(BATCH).items():
            np.testing.assert_allclose(found[key], values, atol=2e-5, err_msg=str(key))
    found = encoding(jnp.zeros((2, 0, 0), jnp.float32), xp=jnp)
    assert_sound(encoding, found, 2, 0, floats=np.float32)


def products(program):
    """Precisions of the products of matrices in a program, those within it too."""
    for equation in program.eqns:
        if equation.primitive.name == "dot_general":
            yield equation.params["precision"]
        for inner in jax.extend.core.jaxprs_in_params(equation.params):
            yield from products(inner)


@pytest.mark.parametrize("encoding", [*FLOATS, *LONG], ids=str)
def test_products_in_a_step_are_in_full_precision_on_every_device(encoding):
    def total(adjacency):
        return sum((values**2).sum() for values in encoding(adjacency, xp=jnp).values())

    adjacency = jnp.asarray(BATCH, jnp.float32)
    for step in (total, jax.grad(total), jax.grad(jax.jit(total))):
        for precision in products(jax.make_jaxpr(step)(adjacency).jaxpr):
            assert precision is not None and set(precision) == {jax.lax.Precision.HIGHEST}


def mixed(encoding, weights, mix, xp=np):
    values = encoding(weights[None], xp=xp)
    return sum((values[key][0] * mix[key]).sum() for key in mix)


@functools.partial(jax.jit, static_argnums=0)
def gradient_of_mixed(encoding, weights, mix):
    return jax.grad(lambda weights: mixed(encoding, weights, mix, jnp))(weights)


@pytest.mark.parametrize("encoding", [one for one in FLOATS if one in EXACT], ids=str)
@pytest.mark.parametrize("both_ways_alike", [True, False])
def test_the_gradient_equals_finite_differences(encoding, both_ways_alike):
    rng = np.random.default_rng(0)
    weights, change = rng.uniform(0.5, 2.0, (8, 8)), rng.normal(size=(8, 8))
    if both_ways_alike:  # where the larger of two directions is either
        weights, change = weights + weights.T, change + change.T
    weights, change = weights * irregular(8), change * irregular(8)
    shapes = {key: values.shape[1:] for key, values in encoding(weights[None]).items()}
    mix = {key: rng.normal(size=shape) for key, shape in shapes.items()}

    with jax.enable_x64(True):
        gradient = gradient_of_mixed(encoding, weights, mix)
    found = (np.asarray(gradient) * change).sum()
    step = 1e-5 * change
    ahead, behind = (mixed(encoding, weights + sign * step, mix) for sign in (1, -1))
    expected = (ahead - behind) / 2e-5
    assert found == pytest.approx(expected, rel=1e-6, abs=1e-8)


def test_a_dataset_of_hard_graphs_takes_them_all():
    hard = [np.zeros((0, 0)), np.zeros((1, 1)), *GRAPHS.values(), path(3)]
    dataset = gtx.encodings.apply(
        dataset_of(hard),
        [type(one)(**{**_settings(one), "name": f"e{i}"}) for i, one in enumerate(ENCODINGS)],
    )
    dataset.check()
