import functools

import numpy as np
import pytest

from gtx import nn
from gtx.models import GraphTransformer
from tests.batches import DIM, NUM_ATOMS
from tests.nn.layers import BATCH, KEY, close
from tests.variables import quick_jit

partial = functools.partial
LOCAL = partial(nn.GPSBlock, DIM, nn.GINE, None, norm=nn.LayerNorm)
TRANSFORMER = partial(nn.TransformerBlock, DIM, partial(nn.MultiHeadAttention, num_heads=2))
PARTS = dict(
    embed=partial(nn.Embed, DIM, {"atom": partial(nn.CategoricalEncoder, sizes=NUM_ATOMS)}),
    readout=partial(nn.Pool, "mean"),
    head=partial(nn.MLPHead, 2, 1),
)


def test_it_embeds_runs_the_blocks_in_order_reads_out_and_predicts():
    model = GraphTransformer(block=(LOCAL, TRANSFORMER), num_layers=2, **PARTS)
    out, variables = quick_jit(model.init_with_output)(KEY, BATCH)
    params = variables["params"]
    assert set(params) == {"embed", "block_0", "block_1", "head"}

    @quick_jit
    def by_hand():
        def call(part, name, *inputs):
            return part.apply({"params": params.get(name, {})}, *inputs, train=False)

        features = call(PARTS["embed"](), "embed", BATCH)
        features = call(LOCAL(), "block_0", features, BATCH)
        features = call(TRANSFORMER(), "block_1", features, BATCH)
        rows = call(PARTS["readout"](), "readout", features, BATCH)
        return call(PARTS["head"](), "head", rows)

    close(out, by_hand())


def test_a_factory_makes_every_layer_anew():
    model = GraphTransformer(block=LOCAL, num_layers=2, **PARTS)
    params = quick_jit(model.init)(KEY, BATCH)["params"]
    kernels = [params[f"block_{i}"]["local"]["hidden"]["kernel"] for i in range(2)]
    assert not np.array_equal(*kernels)


def test_as_many_blocks_as_layers():
    model = GraphTransformer(block=(LOCAL, LOCAL), num_layers=3, **PARTS)
    with pytest.raises(ValueError, match="num_layers is 3, but there are 2 blocks"):
        model.init(KEY, BATCH)
