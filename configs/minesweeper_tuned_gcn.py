r"""A tuned GCN on Minesweeper: Luo et al. (2024), NeurIPS datasets and benchmarks.

    gtx train --config=configs/minesweeper_tuned_gcn.py --config.data.root=data \
        --workdir=runs/minesweeper_tuned_gcn

The authors' command in `medium_graph/run_gnn.sh`: 12 layers, batch norm, a linear residual. Not
trained here. Differs from it in that the two classes are one output, as ROC-AUC scores it.
"""

from ml_collections import ConfigDict

from configs import base
from gtx import recipes


def get_config() -> ConfigDict:
    config = base.get_config()
    config.data.name = "heterophilous"
    config.data.root = "data"  # the folder that holds heterophilous/
    config.data.graph = "minesweeper"
    config.data.fold = 0  # 0 to 9

    config.batch.size = 1  # the graph
    config.model = recipes.model_config(
        "mpnn",
        local="gcn",
        dim=64,
        num_layers=12,
        residual="linear",
        norm="batch",
        feed_forward="none",
        dropout_rate=0.2,
        encoding_dim=None,
        node_encoders={"x": "identity"},
        head_layers=1,
    )
    config.task.kind = "binary"

    config.optimizer.learning_rate = 1e-2
    config.optimizer.weight_decay = 0.0
    config.optimizer.schedule = "constant"
    config.optimizer.warmup_epochs = 0.0
    config.optimizer.clip_norm = 0.0  # none

    config.training.num_epochs = 2000
    config.training.checkpoint_every = 100
    return config
