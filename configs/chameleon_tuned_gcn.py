r"""A tuned GCN on chameleon without duplicate nodes: Luo et al. (2024): accuracy 46.29 %.

    gtx train --config=configs/chameleon_tuned_gcn.py --config.data.root=data \
        --workdir=runs/chameleon_tuned_gcn

The authors' command in `medium_graph/run_gnn.sh`: dropout, no norm, no residual. The score is a
mean over ten splits: --config.data.fold=3 is another one. Scores here: docs/scores.md.
"""

from ml_collections import ConfigDict

from configs import base
from gtx import recipes


def get_config() -> ConfigDict:
    config = base.get_config()
    config.data.name = "heterophilous"
    config.data.root = "data"  # the folder that holds heterophilous/
    config.data.graph = "chameleon_filtered"
    config.data.fold = 0  # 0 to 9
    config.data.normalize_words = False

    config.batch.size = 1  # the graph
    config.model = recipes.model_config(
        "mpnn",
        local="gcn",
        dim=512,
        num_layers=5,
        residual="none",
        norm="none",
        feed_forward="none",
        dropout_rate=0.2,
        encoding_dim=None,
        node_encoders={"x": "identity"},
        head_layers=1,
    )

    config.optimizer.learning_rate = 5e-3
    config.optimizer.weight_decay = 1e-3
    config.optimizer.decoupled = False
    config.optimizer.schedule = "constant"
    config.optimizer.warmup_epochs = 0.0
    config.optimizer.clip_norm = 0.0  # none

    config.training.num_epochs = 200
    config.training.checkpoint_every = 100
    return config
