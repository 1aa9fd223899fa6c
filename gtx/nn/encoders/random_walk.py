"""The encoder of return probabilities of random walks."""

from gtx.nn.encoders.linear import LinearEncoder
from gtx.nn.parts.norms import BatchNorm
from gtx.typing import ModuleFactory


class RandomWalkEncoder(LinearEncoder):
    """BatchNorm of the raw return probabilities, then a linear map: GraphGPS's RWSE.

    In GraphGPS this is `model` "Linear" with `raw_norm_type` "BatchNorm", as in its recipe for
    ZINC. Its default has no norm, which is `norm=None` here. Its model "mlp", with a ReLU after
    every map, is left out, and so is `post_layers`, which only its LapPE reads.
    """

    norm: ModuleFactory | None = BatchNorm
