import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings

from gtx.encodings import EncodingError, ResistanceDistance
from tests.encodings.graphs import (
    complete,
    cycle,
    grid,
    hypercube,
    irregular,
    multigraphs,
    path,
    star,
    union,
)

pytestmark = pytest.mark.usefixtures("quick_compilation")


def resistance(adjacency):
    values, together = np.moveaxis(
        ResistanceDistance()(adjacency[None])["pair", "resistance"], -1, 0
    )
    return values[0], together[0]


gap = np.abs(np.subtract.outer(np.arange(9), np.arange(9)))
cube = np.array([[(one ^ two).bit_count() for one in range(8)] for two in range(8)])
CLOSED_FORMS = {
    "path": (path(9), gap),
    "cycle": (cycle(9), gap * (9 - gap) / 9),
    "complete": (complete(5), 2 / 5 * (1 - np.eye(5))),
    "star": (star(4), 2 - 2 * np.eye(5) - star(4)),
    "hypercube": (hypercube(3), np.array([0, 7 / 12, 3 / 4, 5 / 6])[cube]),
    "square": (grid(2, 2), np.array([[0, 3, 3, 4], [3, 0, 4, 3], [3, 4, 0, 3], [4, 3, 3, 0]]) / 4),
    "one node": (np.zeros((1, 1)), np.zeros((1, 1))),
    "a loop": (np.ones((1, 1)), np.zeros((1, 1))),
    "three parallel edges": (3 * path(2), path(2) / 3),
}


@pytest.mark.parametrize("name", CLOSED_FORMS)
def test_resistances_have_the_closed_form(name):
    adjacency, expected = CLOSED_FORMS[name]
    values, together = resistance(adjacency)
    np.testing.assert_allclose(values, expected, atol=1e-13)
    assert together.all()


def test_grids_and_weighted_graphs_are_as_in_networkx():
    networkx = pytest.importorskip("networkx")
    rng = np.random.default_rng(0)
    weights = np.triu(rng.uniform(0.1, 3.0, (9, 9)))
    for adjacency in (grid(3, 5), irregular(), irregular() * (weights + weights.T)):
        graph = networkx.from_numpy_array(adjacency)
        expected = networkx.resistance_distance(graph, weight="weight", invert_weight=False)
        values = resistance(adjacency)[0]
        for one, others in expected.items():
            for two, value in others.items():
                assert values[one, two] == pytest.approx(value, abs=1e-10)


def test_between_components_it_is_0_and_says_so():
    values, together = resistance(union(cycle(4), path(3), np.zeros((2, 2))))
    blocks = [cycle(4), path(3), np.zeros((1, 1)), np.zeros((1, 1))]
    np.testing.assert_allclose(
        values, union(*(resistance(block)[0] for block in blocks)), atol=1e-13
    )
    np.testing.assert_array_equal(together, union(*(np.ones_like(block) for block in blocks)))


@given(multigraphs())
@settings(deadline=None, max_examples=60)
def test_it_is_a_metric_and_its_sum_over_edges_counts_nodes_less_components(adjacency):
    values, together = resistance(adjacency)
    np.testing.assert_array_equal(values, values.T)
    np.testing.assert_array_equal(together, together.T)
    assert not np.diag(values).any() and values.min(initial=0) >= 0
    conductance = np.maximum(adjacency, adjacency.T)
    components = (1 / together.sum(axis=1)).sum() if len(adjacency) else 0
    assert (conductance * values).sum() / 2 == pytest.approx(len(adjacency) - components)  # Foster
    around = values[:, :, None] + values[None]  # from i over j to k
    reached = (together[:, :, None] > 0) & (together[None] > 0)
    assert np.all(
        around[reached] >= np.broadcast_to(values[:, None], around.shape)[reached] - 1e-12
    )


def test_times_the_sum_of_degrees_it_is_the_time_of_a_random_walk_there_and_back():
    adjacency = irregular()
    n, degree = len(adjacency), adjacency.sum(axis=0)
    step = adjacency / degree[:, None]
    hitting = np.zeros((n, n))
    for end in range(n):
        rest = np.arange(n) != end
        hitting[rest, end] = np.linalg.solve(np.eye(n - 1) - step[rest][:, rest], np.ones(n - 1))
    np.testing.assert_allclose(
        degree.sum() * resistance(adjacency)[0], hitting + hitting.T, rtol=1e-10
    )


def test_a_single_direction_conducts_as_well_as_both_and_the_stronger_counts():
    np.testing.assert_array_equal(*(resistance(one)[0] for one in (np.eye(5, k=-1), path(5))))
    adjacency = np.array([[0.0, 3.0], [1.0, 0.0]])
    np.testing.assert_allclose(resistance(adjacency)[0], path(2) / 3)


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e6])
def test_it_scales_with_one_over_the_conductances(scale):
    values = resistance(irregular() * scale)[0]
    np.testing.assert_allclose(values * scale, resistance(irregular())[0], rtol=1e-9)


def test_the_gradient_has_the_closed_form_also_where_a_first_edge_would_join_components():
    """dR_ij / dw_ab = -(G_ia - G_ib - G_ja + G_jb)^2, with G the pseudoinverse."""
    adjacency = union(irregular(5), complete(3))
    inverse = np.linalg.pinv(np.diag(adjacency.sum(axis=0)) - adjacency)
    i, j = 0, 3

    def value(adjacency):
        return ResistanceDistance()(adjacency[None], xp=jnp)["pair", "resistance"][0, i, j, 0]

    with jax.enable_x64(True):
        found = np.asarray(jax.jit(jax.grad(value))(adjacency))
    row = inverse[i] - inverse[j]
    expected = -(np.subtract.outer(row, row) ** 2) / 2  # half for each of the two directions
    np.testing.assert_allclose(found[:5, :5], expected[:5, :5], atol=1e-12)
    assert np.all(np.isfinite(found))


def test_negative_conductances_are_refused():
    with pytest.raises(EncodingError, match="resistance: an edge has the weight -0.5"):
        resistance(-0.5 * path(3))
