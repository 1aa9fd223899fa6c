r"""GIN+ on ZINC-12k: Luo et al. (2025): test MAE 0.065, 477,241 parameters.

    gtx train --config=configs/zinc_gin_plus.py --config.data.root=data \
        --workdir=runs/zinc_gin_plus

The recipe of GNN+ (`configs/gine/zinc.yaml`), whose edges get the probabilities of random walks
along them beside their types. Not trained here. Differs from it in that batches are stratified
by size.
"""

from ml_collections import ConfigDict

from configs import base
from gtx import recipes


def get_config() -> ConfigDict:
    config = base.get_config()
    config.data.name = "zinc"
    config.data.root = "data"  # the folder that holds zinc12k/
    config.data.num_atom_types = 21
    # Probabilities of walks that return to a node, and of those along each edge from its sender.
    config.encodings.random_walk = ConfigDict(dict(walk_length=20))
    config.encodings.rrwp = ConfigDict(
        dict(walk_length=20, diagonal=False, identity=False, reverse=True)
    )

    config.batch.size = 32
    config.model = recipes.model_config(
        "mpnn",
        local="gine",
        dim=80,
        num_layers=12,
        norm_local=False,
        dropout_rate=0.0,
        pairs_at_edges=True,
    )
    config.task.loss = "l1"

    config.optimizer.learning_rate = 1e-3
    config.optimizer.weight_decay = 1e-5
    config.optimizer.warmup_epochs = 50.0
    config.optimizer.final_factor = 1e-3
    config.optimizer.clip_norm = 1.0

    config.training.num_epochs = 2000
    return config
