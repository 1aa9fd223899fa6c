"""Rows of `gtx.nn.parts`, but for the readouts."""

import functools

import jax.numpy as jnp

from gtx import nn
from tests.batches import DIM
from tests.descriptors.descriptor import Descriptor
from tests.descriptors.values import DTYPES, LINEAR, half

partial = functools.partial
NORM = dict(epsilon=1.0, **DTYPES, scale_init=half)

PARTS = (
    Descriptor("linear", partial(nn.Linear, 5), "rows", options=dict(LINEAR, use_bias=False)),
    Descriptor("dropout", partial(nn.Dropout, 0.3), "rows"),
    Descriptor("drop_path", partial(nn.DropPath, 0.3), "rows"),
    Descriptor(
        "layer_scale", partial(nn.LayerScale, DIM), "rows", options=dict(DTYPES, scale_init=half)
    ),
    Descriptor("rezero", partial(nn.ReZero, DIM), "rows", options=dict(DTYPES, scale_init=half)),
    Descriptor(
        "degree_scaler", nn.DegreeScaler, "layer", options=dict(DTYPES, coefficients_init=half)
    ),
    Descriptor("graph_norm", nn.GraphNorm, "layer", options=dict(NORM, bias_init=half)),
    Descriptor(
        "pair_norm",
        nn.PairNorm,
        "layer",
        options=dict(scale=2.0, individually=True, epsilon=1.0),
    ),
    Descriptor(
        "mlp_head",
        partial(nn.MLPHead, 2),
        "rows",
        options=dict(
            LINEAR,
            num_layers=1,
            activation=jnp.tanh,
            widths="equal",
            normalize=True,
            layer_norm=True,
        ),
    ),
    Descriptor(
        "batch_norm", nn.BatchNorm, "norm", options=dict(NORM, bias_init=half, momentum=0.5)
    ),
    Descriptor(
        "layer_norm",
        nn.LayerNorm,
        "norm",
        options=dict(NORM, bias_init=half, use_scale=False, use_bias=False),
    ),
    Descriptor("ada_rms_norm", nn.AdaRMSNorm, "norm", options=dict(NORM, bias_init=half)),
    Descriptor("rms_norm", nn.RMSNorm, "norm", options=NORM),
)
