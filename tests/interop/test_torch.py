"""State dicts as mappings and as safetensors files: what is read, placed and refused."""

import jax.numpy as jnp
import numpy as np
import pytest

from gtx.interop import safetensors
from gtx.interop.torch import TABLES, convert, gps_conv, graphormer, read


def shapes(**leaves):
    return {name: np.zeros(shape, np.float32) for name, shape in leaves.items()}


LINEAR = {"params": shapes(kernel=(3, 2), bias=(2,))}
STATE = {"weight": np.arange(6.0).reshape(2, 3), "bias": np.array([7.0, 8.0])}


def test_a_kernel_is_transposed_and_gets_the_dtype_of_the_module():
    made = convert(STATE, "linear", LINEAR)["params"]
    np.testing.assert_array_equal(made["kernel"], [[0, 3], [1, 4], [2, 5]])
    np.testing.assert_array_equal(made["bias"], [7, 8])
    assert made["kernel"].dtype == np.float32


def test_a_safetensors_file_is_read_by_its_ending(tmp_path):
    arrays = dict(weight=STATE["weight"], bias=np.array([7, 8.5], jnp.bfloat16))
    safetensors.write(tmp_path / "it.safetensors", arrays)
    made = convert(tmp_path / "it.safetensors", "linear", LINEAR)["params"]
    np.testing.assert_array_equal(made["kernel"], arrays["weight"].T)
    np.testing.assert_array_equal(made["bias"], [7, 8.5])


@pytest.mark.parametrize(
    ("state", "like", "message"),
    [
        (
            {"weight": STATE["weight"]},
            LINEAR,
            r"parameter 'bias' \(params\) stays empty: the state dict has no 'bias'",
        ),
        (
            {**STATE, "weight": np.ones((2, 4))},
            LINEAR,
            r"parameter 'kernel' has the shape \(3, 2\), but weight \(2, 4\) of the state dict "
            r"gives \(4, 2\)",
        ),
        ({**STATE, "scale": np.ones(2)}, LINEAR, r"has 'scale' \(2,\) for which the gtx module"),
        (STATE, {"params": shapes(kernel=(3, 2))}, r"has 'bias' \(2,\) for which the gtx module"),
        ({**STATE, "bias": np.array([1e39, 0])}, LINEAR, "'bias' is float32, which cannot hold"),
        ({"state_dict": STATE}, LINEAR, "give its name as key: key='state_dict'"),
        ({**STATE, "bias": "a text"}, LINEAR, "holds str at 'bias' and not an array"),
    ],
)  # fmt: skip
def test_nothing_is_left_over_and_no_shape_is_bent(state, like, message):
    with pytest.raises(ValueError, match=message):
        convert(state, "linear", like)


def test_a_state_dict_within_a_checkpoint_is_named():
    made = convert({"state_dict": STATE, "epoch": 3}, "linear", LINEAR, key="state_dict")
    np.testing.assert_array_equal(made["params"]["bias"], [7, 8])
    with pytest.raises(ValueError, match="no 'model' in the state dict, which holds"):
        read({"state_dict": STATE}, key="model")
    with pytest.raises(ValueError, match="did you mean 'linear'"):
        convert(STATE, "linaer", LINEAR)
    with pytest.raises(ValueError, match="none of the endings .safetensors"):
        read("weights.npz")


def test_errors_name_the_layer():
    like = {"params": {"local": {"hidden": shapes(kernel=(3, 3), bias=(3,))}}}
    state = {"conv.nn.0.weight": np.ones((3, 4)), "conv.nn.0.bias": np.ones(3)}
    with pytest.raises(ValueError, match="the parameter 'kernel' of the layer 'local/hidden' has"):
        convert(state, gps_conv(), like)


def test_an_epsilon_that_is_no_parameter_must_be_zero():
    like = {"params": dict(hidden=shapes(kernel=(2, 3), bias=(3,)), output=LINEAR["params"])}
    state = {f"nn.2.{name}": array for name, array in STATE.items()}
    state |= {"nn.0.weight": np.ones((3, 2)), "nn.0.bias": np.ones(3), "eps": np.zeros(1)}
    assert "epsilon" not in convert(state, "gin_conv", like)["params"]
    with pytest.raises(ValueError, match="'eps' other than 0: build the gtx layer with train_eps"):
        convert({**state, "eps": np.ones(1)}, "gin_conv", like)
    trained = {"params": {**like["params"], "epsilon": np.zeros(())}}
    assert convert({**state, "eps": np.ones(1)}, "gin_conv", trained)["params"]["epsilon"] == 1


def test_maps_that_are_one_in_gtx_must_be_one_in_pytorch():
    like = {"params": dict(senders=LINEAR["params"], **shapes(vector=(1, 2)))}
    state = {f"lin_{side}.{name}": array for name, array in STATE.items() for side in "lr"}
    state["att"] = np.ones((1, 1, 2))
    assert set(convert(state, "gatv2_conv", like)["params"]) == {"senders", "vector"}
    with pytest.raises(ValueError, match="'lin_r.bias' unequal 'lin_l.bias'"):
        convert({**state, "lin_r.bias": np.ones(2)}, "gatv2_conv", like)


def test_tables_name_a_place_once_unless_the_rows_are_alternatives():
    for name, table in {**TABLES, "graphormer": graphormer(3)}.items():
        places = [(row.to, row.names) for row in table if hasattr(row, "to")]
        assert len(places) == len(set(places)), name


def test_the_padding_of_graphormers_edges_is_refused_or_left_out_by_name():
    path = "pair_shortest_paths"
    encoder = dict(edge_type=shapes(embedding=(2, 1)), **shapes(kernel=(2, 1, 1)))
    like = {"params": {"embed": {path: encoder}}}
    table = tuple(row for row in graphormer(3) if path in getattr(row, "to", ""))
    rows = np.arange(6.0)[:, None]
    state = {"edge_encoder.weight": rows, "edge_dis_encoder.weight": np.ones((2, 1))}
    made = convert(state, table, like)["params"]["embed"][path]
    np.testing.assert_array_equal(made["edge_type"]["embedding"][:, 0], [3, 4])
    state["edge_encoder.weight"] = rows + 1
    with pytest.raises(ValueError, match="row 0 of edge_encoder.weight is not 0"):
        convert(state, table, like)
    dropping = tuple(
        row for row in graphormer(3, drop_padding=True) if path in getattr(row, "to", "")
    )
    made = convert(state, dropping, like)["params"]["embed"][path]
    np.testing.assert_array_equal(made["edge_type"]["embedding"][:, 0], [4, 5])


def test_statistics_of_a_batch_norm_keep_their_collection():
    like = {name: {k: np.zeros(3) for k in keys} for name, keys in (
        ("params", ("scale", "bias")), ("batch_stats", ("mean", "var")))}  # fmt: skip
    state = dict(weight=np.full(3, 1.0), bias=np.full(3, 2.0), running_mean=np.full(3, 3.0))
    state |= dict(running_var=np.full(3, 4.0), num_batches_tracked=np.array(9))
    made = convert(state, "batch_norm", like)
    assert {k: v[0] for k, v in made["params"].items()} == dict(scale=1, bias=2)
    assert {k: v[0] for k, v in made["batch_stats"].items()} == dict(mean=3, var=4)
