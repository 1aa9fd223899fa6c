"""GraphSAGE on sampled neighbours of one graph of a million nodes (Hamilton et al. 2017).

    gtx train --config=configs/large_graph_sage.py --workdir=runs/large_graph

The graph is drawn: gtx.data.sources.LargeGraph. Layers, width, batch and fan-outs are those of the
paper, which has no score on it. The whole graph is scored at once.
"""

from ml_collections import ConfigDict

from configs import base
from gtx import recipes


def get_config() -> ConfigDict:
    config = base.get_config()
    config.data.name = "large_graph"
    config.data.num_nodes = 1_000_000
    config.data.num_edges = 10_000_000
    config.data.num_classes = 16
    config.data.dim = 32

    config.batch.size = 512  # seed nodes
    config.batch.sampling = ConfigDict(dict(name="neighbors", fanouts=(25, 10)))
    config.model = recipes.model_config(
        "mpnn",
        dim=256,
        num_layers=2,
        local="sage",
        residual="none",
        norm="none",
        feed_forward="none",
        head_layers=1,
        encoding_dim=None,
        dropout_rate=0.0,
    )

    config.optimizer.learning_rate = 1e-3
    config.optimizer.weight_decay = 0.0
    config.optimizer.schedule = "constant"
    config.training.num_epochs = 10
    config.training.steps_per_call = 16
    config.training.checkpoint_every = 1
    return config
