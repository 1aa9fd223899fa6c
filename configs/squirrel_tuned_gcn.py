r"""A tuned GCN on squirrel without duplicate nodes: Luo et al. (2024): accuracy 45.01 %.

    gtx train --config=configs/squirrel_tuned_gcn.py --config.data.root=data \
        --workdir=runs/squirrel_tuned_gcn

The authors' command in `medium_graph/run_gnn.sh`: batch norm, a linear residual. The score is a
mean over ten splits: --config.data.fold=3 is another one. Scores here: docs/scores.md.
"""

from ml_collections import ConfigDict

from configs import chameleon_tuned_gcn


def get_config() -> ConfigDict:
    config = chameleon_tuned_gcn.get_config()
    config.data.graph = "squirrel_filtered"
    config.model.dim = 256
    config.model.num_layers = 4
    config.model.residual = "linear"
    config.model.norm = "batch"
    config.model.dropout_rate = 0.7
    config.optimizer.learning_rate = 1e-2
    config.optimizer.weight_decay = 5e-4
    config.training.num_epochs = 500
    return config
