"""Layers over sequences of one length, of which a mask says which places are there.

A layer is called as `layer(x, mask, train=..., axis_name=...)` with x [rows, length, dim] and mask
[rows, length], and returns an array of the shape of x; `axis_name` is that of a norm. A place that
is not there is as if the sequence were shorter; its result is any finite number. `SEQUENCES` holds
the layers by name.
"""

from gtx.nn.sequences.attention import SequenceAttention
from gtx.nn.sequences.convolution import SequenceConvolution
from gtx.nn.sequences.mamba import Mamba
from gtx.typing import ModuleFactory

SEQUENCES: dict[str, ModuleFactory] = {
    "attention": SequenceAttention,
    "convolution": SequenceConvolution,
    "mamba": Mamba,
}

__all__ = ["SEQUENCES", "Mamba", "SequenceAttention", "SequenceConvolution"]
