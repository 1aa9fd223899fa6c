r"""SAT with k-subgraphs on ZINC-12k: Chen, O'Bray and Borgwardt (2022), table 1: MAE 0.094 ± 0.008.

    gtx train --config=configs/zinc_sat_subgraph.py --config.data.root=data \
        --workdir=runs/zinc_sat_subgraph

The authors' `train_zinc.py --abs-pe rw --se khopgnn --gnn-type pna2 --dropout 0.2 --k-hop 3
--use-edge-attr`: k-subgraphs by a PNA with towers. Its layers have
473,953 parameters; the paper states no number. Not trained here. Batches are stratified by size.
"""

from ml_collections import ConfigDict

from configs import base
from gtx import recipes


def get_config() -> ConfigDict:
    config = base.get_config()
    config.data.name = "zinc"
    config.data.root = "data"  # the folder that holds zinc12k/
    config.encodings.random_walk = ConfigDict(dict(walk_length=20))
    config.structures.subgraphs = ConfigDict(dict(hops=3))
    config.batch.size = 128

    config.model = recipes.model_config(
        "sat", node_encoders={"rwse": "linear"}, extractor="subgraph", dropout_rate=0.2
    )
    config.task.loss = "l1"

    config.optimizer.learning_rate = 1e-3
    config.optimizer.weight_decay = 1e-5
    config.optimizer.schedule = "inverse_sqrt"
    config.optimizer.warmup_epochs = 63.3  # 5,000 steps of 79 an epoch
    config.optimizer.clip_norm = 0.0  # none

    config.training.num_epochs = 2000
    return config
