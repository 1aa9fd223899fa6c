"""The encoder of return probabilities of random walks."""

from gtx.nn.encoders.linear import LinearEncoder
from gtx.nn.parts.norms import BatchNorm
from gtx.typing import ModuleFactory


class RandomWalkEncoder(LinearEncoder):
    """BatchNorm of the raw return probabilities, then a linear map: GraphGPS's RWSE.

    That is `model` "Linear" with `raw_norm_type` "BatchNorm", as in its recipe for ZINC.
    GraphGPS's default has no norm (`norm=None` here), and its model "mlp", with a ReLU after
    every map, is not offered; nor are `post_layers` there, which only LapPE reads.
    """

    norm: ModuleFactory | None = BatchNorm
