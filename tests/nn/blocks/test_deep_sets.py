"""The equivariant layer against its equation, literally."""

import functools

import numpy as np
import pytest

from gtx import nn
from tests.nn.layers import BATCH
from tests.nn.literal import assert_equals


@pytest.mark.parametrize("pool", ["max", "mean", "sum", None])
def test_a_layer_is_its_equation(pool):
    """Zaheer et al. (2017), equation 4, with the sign of the authors' code."""
    graphs, mask = np.asarray(BATCH.node_graph), np.asarray(BATCH.node_mask)

    def reference(params, given):
        x = given["nodes"]
        out = np.zeros((len(x), 5))
        for node in np.nonzero(mask)[0]:
            own = params["nodes"]
            y = x[node] @ own["kernel"] + own["bias"]
            if pool is not None:
                rows = x[mask & (graphs == graphs[node])]
                pooled = dict(max=rows.max(0), mean=rows.mean(0), sum=rows.sum(0))[pool]
                y = y - pooled @ params["pool"]["kernel"]
            out[node] = np.tanh(y)
        return dict(nodes=out)

    assert_equals(functools.partial(nn.DeepSetsLayer, 5, pool=pool)(), reference)
