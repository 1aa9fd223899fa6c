"""From the columns of a batch to the features that layers read.

An encoder reads one column and is called as `encoder(batch, train=...) -> [rows, dim]`, with
0 in padding rows. `Embed` puts encoders together. `ENCODERS` holds them by name.
"""

from gtx.nn.encoders.categorical import CategoricalEncoder
from gtx.nn.encoders.complement import ComplementEmbed
from gtx.nn.encoders.constant import ConstantEncoder
from gtx.nn.encoders.dropped import DroppedEmbed
from gtx.nn.encoders.edge_pairs import EdgePairEncoder
from gtx.nn.encoders.edge_path import EdgePathEncoder
from gtx.nn.encoders.embed import Embed
from gtx.nn.encoders.esa import ESAEmbed
from gtx.nn.encoders.exphormer import ExphormerEmbed
from gtx.nn.encoders.gaussian_kernel import GaussianKernelEncoder
from gtx.nn.encoders.graph_size import GraphSizeEncoder
from gtx.nn.encoders.hops import HopEmbed
from gtx.nn.encoders.identity import IdentityEncoder
from gtx.nn.encoders.laplacian import LaplacianEncoder
from gtx.nn.encoders.laplacian_linear import LaplacianLinearEncoder
from gtx.nn.encoders.laplacian_transformer import LaplacianTransformerEncoder
from gtx.nn.encoders.linear import LinearEncoder
from gtx.nn.encoders.mlp import MLPEncoder
from gtx.nn.encoders.node_pairs import NodePairEmbed
from gtx.nn.encoders.pair_stem import PairStemEncoder
from gtx.nn.encoders.projected import ProjectedEncoder
from gtx.nn.encoders.random_features import RandomFeaturesEncoder
from gtx.nn.encoders.random_walk import RandomWalkEncoder
from gtx.nn.encoders.sign_net import SignNetEncoder
from gtx.nn.encoders.spe import SPEEncoder
from gtx.nn.encoders.stream import StreamEmbed
from gtx.nn.encoders.token_pairs import TokenPairEncoder
from gtx.nn.encoders.vector_pairs import VectorPairsEncoder
from gtx.typing import ModuleFactory

ENCODERS: dict[str, ModuleFactory] = {
    "categorical": CategoricalEncoder,
    "constant": ConstantEncoder,
    "edge_path": EdgePathEncoder,
    "gaussian_kernel": GaussianKernelEncoder,
    "identity": IdentityEncoder,
    "laplacian": LaplacianEncoder,
    "laplacian_linear": LaplacianLinearEncoder,
    "laplacian_transformer": LaplacianTransformerEncoder,
    "linear": LinearEncoder,
    "mlp": MLPEncoder,
    "random_features": RandomFeaturesEncoder,
    "random_walk": RandomWalkEncoder,
    "sign_net": SignNetEncoder,
    "spe": SPEEncoder,
    "vector_pairs": VectorPairsEncoder,
}

__all__ = [
    "ENCODERS",
    "CategoricalEncoder",
    "ComplementEmbed",
    "ConstantEncoder",
    "DroppedEmbed",
    "ESAEmbed",
    "EdgePairEncoder",
    "EdgePathEncoder",
    "Embed",
    "ExphormerEmbed",
    "GaussianKernelEncoder",
    "GraphSizeEncoder",
    "HopEmbed",
    "IdentityEncoder",
    "LaplacianEncoder",
    "LaplacianLinearEncoder",
    "LaplacianTransformerEncoder",
    "LinearEncoder",
    "MLPEncoder",
    "NodePairEmbed",
    "PairStemEncoder",
    "ProjectedEncoder",
    "RandomFeaturesEncoder",
    "RandomWalkEncoder",
    "SPEEncoder",
    "SignNetEncoder",
    "StreamEmbed",
    "TokenPairEncoder",
    "VectorPairsEncoder",
]
