import jax
import numpy as np

from gtx import nn
from tests.batches import DIM
from tests.nn.layers import REAL, affine, close, features, relu, run, sigmoid

X = np.float64(features().nodes)


def test_it_is_two_linear_maps_with_a_relu_between_and_twice_the_width():
    params, out, _ = run(nn.FeedForward(DIM))
    assert params["hidden"]["kernel"].shape == (DIM, 2 * DIM)
    expected = affine(relu(affine(X, params["hidden"])), params["output"])
    close(out.nodes[REAL], expected[REAL])


def test_gated_by_silu_it_is_swiglu():
    params, out, _ = run(nn.FeedForward(DIM, hidden_dim=5, activation=jax.nn.silu, gated=True))
    first, third = np.split(affine(X, params["hidden"]), 2, axis=1)
    expected = affine(first * sigmoid(first) * third, params["output"])
    close(out.nodes[REAL], expected[REAL])


def test_dropout_comes_after_the_activation_and_after_the_output():
    plain = run(nn.FeedForward(DIM))[1].nodes[REAL]
    dropped = run(nn.FeedForward(DIM, dropout_rate=0.5), train=True)[1].nodes[REAL]
    assert 0.3 < (dropped == 0).mean() < 0.7
    kept = dropped != 0
    assert not np.allclose(dropped[kept], 2 * plain[kept])  # hidden units are missing too


def test_dropout_of_the_hidden_layer_may_have_a_rate_of_its_own():
    module = nn.FeedForward(DIM, hidden_dropout_rate=0.5)
    params, out, _ = run(module, train=True)
    plain = affine(relu(affine(X, params["hidden"])), params["output"])
    assert not (out.nodes[REAL] == 0).any() and not np.allclose(out.nodes[REAL], plain[REAL])
    only_last = run(module.clone(dropout_rate=0.5, hidden_dropout_rate=0.0), train=True)[1]
    kept = only_last.nodes[REAL] != 0
    close(only_last.nodes[REAL][kept], 2 * plain[REAL][kept])


def test_edges_pass_through():
    assert np.array_equal(run(nn.FeedForward(DIM))[1].edges, np.float64(features().edges))
