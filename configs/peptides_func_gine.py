r"""GINE on Peptides-func: Dwivedi et al. (2022), LRGB: test AP 0.5498 ± 0.0079.

    gtx train --config=configs/peptides_func_gine.py --config.data.root=data \
        --workdir=runs/peptides_func_gine

The authors' `peptides-func-GINE.yaml`: a ReLU and a residual after each layer, no norm. The score
is that of the README of vijaydwivedi75/lrgb, which states 476 thousand parameters: 475,706 by the
layers and here, with OGB's atom table of 174 rows. Not trained here. peptides_func_gcn.py says in
what it differs.
"""

from ml_collections import ConfigDict

from configs import base
from gtx import recipes


def get_config() -> ConfigDict:
    config = base.get_config()
    config.data.name = "peptides_func"
    config.data.root = "data"  # the folder that holds peptides_func/

    config.batch.size = 128
    # OGB's table of atoms of today, with five chiralities, where the data have four.
    sizes = (119, 5, 12, 12, 10, 6, 6, 2, 2)
    atom = dict(name="categorical", sizes=sizes, embedding_init="xavier_uniform")
    bond = dict(name="categorical", embedding_init="xavier_uniform")
    config.model = recipes.model_config(
        "mpnn",
        dim=208,
        num_layers=5,
        local="gine",
        norm_local=False,
        feed_forward="none",
        dropout_rate=0.0,
        node_encoders={"atom": atom},
        edge_encoders={"bond": bond},
        pool="mean",
        head_layers=1,
    )

    config.optimizer.learning_rate = 1e-3
    config.optimizer.weight_decay = 0.0
    config.optimizer.warmup_epochs = 0.0
    config.optimizer.clip_norm = 0.0  # none

    config.training.num_epochs = 500
    return config
