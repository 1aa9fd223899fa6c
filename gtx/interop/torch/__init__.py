"""Weights of PyTorch modules as variables of gtx modules.

    shapes = jax.eval_shape(functools.partial(layer.init, train=False), key, features, batch)
    variables = gtx.interop.torch.convert("gat.safetensors", "gat_conv", like=shapes)

`TABLES` holds, by names, tables that say which array becomes which parameter: of modules of
PyTorch and of PyTorch Geometric, and of the authors' GRIT. `gps_conv(local)` and
`graphormer(num_node_types)` are tables that need to be told something. Your own table is a tuple of
`Row` and `Unread`; `within` puts the table of a part into that of a whole.
"""

from gtx.interop.torch.converting import TABLES, convert, numbered
from gtx.interop.torch.graphormer import graphormer
from gtx.interop.torch.layers import embedding, gps_conv, linear, norm
from gtx.interop.torch.reading import read
from gtx.interop.torch.rows import Row, Table, Unread, side_by_side, within

__all__ = [
    "TABLES",
    "Row",
    "Table",
    "Unread",
    "convert",
    "embedding",
    "gps_conv",
    "graphormer",
    "linear",
    "norm",
    "numbered",
    "read",
    "side_by_side",
    "within",
]
