r"""GRIT on algorithmic tasks: learn on graphs of 16 nodes, be tested on graphs of 128.

    gtx train --config=configs/algorithms_grit.py --workdir=runs/topological_order_grit

The data and the schedule of algorithms_gps.py with the blocks of zinc_grit.py, in fewer layers.
Every pair has features, relative random walks first, so that memory grows with the square of the
nodes. docs/generated.md has scores of a small budget.
"""

from ml_collections import ConfigDict

from configs import algorithms_gps
from gtx import recipes


def get_config() -> ConfigDict:
    config = algorithms_gps.get_config()
    config.encodings.rrwp = ConfigDict(dict(walk_length=16))
    config.model = recipes.model_config(
        "grit",
        dim=64,
        num_layers=5,
        norm="layer",
        dropout_rate=0.0,
        attention_dropout_rate=0.0,
    )
    return config
