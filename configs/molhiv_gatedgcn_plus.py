r"""GatedGCN+ on ogbg-molhiv: Luo et al. (2025): test ROC-AUC 0.8040.

    gtx train --config=configs/molhiv_gatedgcn_plus.py --config.data.root=data \
        --workdir=runs/molhiv_gatedgcn_plus

The recipe of GNN+ (`configs/gatedgcn/hiv.yaml`): three wide layers without a feed-forward layer.
Not trained here. Differs from it in that batches are stratified by size.
"""

from ml_collections import ConfigDict

from configs import base
from gtx import recipes


def get_config() -> ConfigDict:
    config = base.get_config()
    config.data.name = "ogbg_molhiv"
    config.data.root = "data"  # the folder that holds ogbg_molhiv/
    config.encodings.random_walk = ConfigDict(dict(walk_length=20))

    config.batch.size = 32
    config.model = recipes.model_config(
        "mpnn",
        dim=256,
        num_layers=3,
        feed_forward="none",
        dropout_rate=0.0,
        encoding_dim=16,
        node_encoders={"atom": dict(name="categorical", embedding_init="xavier_uniform")},
        edge_encoders={"bond": dict(name="categorical", embedding_init="xavier_uniform")},
        pool="mean",
    )

    config.optimizer.learning_rate = 1e-4
    config.optimizer.weight_decay = 1e-5
    config.optimizer.warmup_epochs = 5.0
    config.optimizer.clip_norm = 1.0

    config.training.num_epochs = 100
    return config
