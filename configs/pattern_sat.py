r"""SAT on PATTERN: Chen, O'Bray and Borgwardt (2022): 86.865 ± 0.043 %, 825,986 parameters.

    gtx train --config=configs/pattern_sat.py --config.data.root=data \
        --workdir=runs/pattern_sat

The authors' `train_SBMs.py --dataset PATTERN --weight-class --abs-pe rw --abs-pe-dim 7 --se gnn
--gnn-type pna3 --dropout 0.2 --k-hop 3 --num-layers 6 --lr 0.0003`: k-subtrees by a PNA with one
tower. The score was not checked against the paper. Not trained here. Batches are stratified by
size.
"""

from ml_collections import ConfigDict

from configs import base
from gtx import recipes


def get_config() -> ConfigDict:
    config = base.get_config()
    config.data.name = "pattern"
    config.data.root = "data"  # the folder that holds pattern/
    config.encodings.random_walk = ConfigDict(dict(walk_length=7))
    config.batch.size = 32

    one_hot = dict(name="categorical", embedding_init="fan_in_uniform")  # a linear map of it
    pna = dict(name="pna", aggregators=("mean", "sum", "max"), scalers=("identity",))
    config.model = recipes.model_config(
        "sat",
        local=pna,
        dropout_rate=0.2,
        node_encoders={"type": one_hot, "rwse": "linear"},
    )
    config.task.loss = "weighted_cross_entropy"

    config.optimizer.learning_rate = 3e-4
    config.optimizer.weight_decay = 1e-4
    config.optimizer.schedule = "inverse_sqrt"
    config.optimizer.warmup_epochs = 16.0  # 5,000 steps of 313 an epoch
    config.optimizer.clip_norm = 0.0  # none

    config.training.num_epochs = 200
    return config
