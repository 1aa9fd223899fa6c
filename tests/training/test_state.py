"""Parameters to start from."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gtx.batching import Resident
from gtx.training.state import init_states
from gtx.training.step import blank_batch
from tests.training import small


@pytest.fixture(scope="module")
def start():
    train, _, budget = small.parts()
    source = Resident(train, budget)
    batch = blank_batch(source, source.constants, source.plan(0, 0))

    def states(init=None, seeds=(0,), init_new=()):
        return init_states(small.Small(), small.optimizer(), batch, seeds, init, init_new)

    return states


@pytest.fixture
def init(start):
    (state,) = start(seeds=(7,))
    return {"params": state.params, "batch_stats": state.batch_stats}


def without(tree, module, name):
    return {**tree, module: {key: leaf for key, leaf in tree[module].items() if key != name}}


def test_a_state_starts_from_what_is_given_in_arrays_of_its_own(start, init):
    host = jax.tree.map(np.asarray, init)
    for given in (init, host):
        one, two = start(given, seeds=(0, 1))
        for state in (one, two):
            assert small.same_bits(state.params, init["params"])
            assert small.same_bits(state.ema, init)
        own = jax.tree.leaves(one.params)[0]
        own.delete()  # as a step does, to which the state is given
        assert not any(leaf.is_deleted() for leaf in jax.tree.leaves((init, two.params)))


def test_a_tree_that_is_not_whole_is_refused_with_its_names(start, init):
    with pytest.raises(ValueError, match="lacks batch_stats/norm/mean, batch_stats/norm/var and"):
        start({"params": init["params"]})
    partial = {**init, "params": without(init["params"], "last", "bias")}
    partial["params"]["head"] = {"kernel": jnp.ones(2)}
    with pytest.raises(ValueError, match="lacks params/last/bias and has the unknown params/head"):
        start(partial)


@pytest.mark.parametrize(
    ("leaf", "message"),
    [
        (np.zeros(3, np.float32), r"params/last/bias is float32\[3\].*float32\[1\]"),
        (np.zeros(1, np.float64), r"params/last/bias is float64\[1\].*float32\[1\]"),
    ],
)
def test_another_shape_or_dtype_is_refused(start, init, leaf, message):
    params = {**init["params"], "last": {**init["params"]["last"], "bias": leaf}}
    with pytest.raises(ValueError, match=message):
        start({**init, "params": params})


def test_variables_that_start_anew_are_those_of_the_seed(start, init):
    wide = {**init["params"], "last": {"kernel": jnp.ones((8, 5)), "other": jnp.ones(1)}}
    plain = start(seeds=(3, 4))
    for given in ({**init, "params": wide}, {**init, "params": {**init["params"], "last": {}}}):
        states = start(given, seeds=(3, 4), init_new=("last", "norm/mean"))
        for state, fresh in zip(states, plain, strict=True):
            assert small.same_bits(state.params["first"], init["params"]["first"])
            assert small.same_bits(state.params["last"], fresh.params["last"])
            assert not small.same_bits(state.params["first"], fresh.params["first"])
            assert small.same_bits(
                state.batch_stats["norm"]["mean"], fresh.batch_stats["norm"]["mean"]
            )
        assert not small.same_bits(states[0].params["last"], states[1].params["last"])
    with pytest.raises(ValueError, match="lacks params/last/bias.*name in init_new"):
        start({**init, "params": without(init["params"], "last", "bias")}, init_new=("norm",))
