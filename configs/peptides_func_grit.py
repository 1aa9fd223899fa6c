r"""GRIT on Peptides-func: Ma et al. (2023): test AP 0.6988 ± 0.0082, 443,338 parameters.

    gtx train --config=configs/peptides_func_grit.py --config.data.root=data \
        --workdir=runs/peptides_func_grit

The authors' `peptides-func-GRIT-RRWP.yaml`, with OGB's atom table of 173 rows. Not trained here.
Differs from it in that batches are stratified by size.
"""

from ml_collections import ConfigDict

from configs import base
from gtx import recipes


def get_config() -> ConfigDict:
    config = base.get_config()
    config.data.name = "peptides_func"
    config.data.root = "data"  # the folder that holds peptides_func/
    config.encodings.rrwp = ConfigDict(dict(walk_length=17))

    config.batch.size = 16
    config.model = recipes.model_config(
        "grit",
        dim=96,
        num_layers=4,
        num_heads=4,
        attention_dropout_rate=0.5,
        # OGB's tables with GraphGPS's initial values.
        node_encoders={"atom": dict(name="categorical", embedding_init="xavier_uniform")},
        edge_encoders={"bond": dict(name="categorical", embedding_init="xavier_uniform")},
        pool="mean",
        head_layers=1,
    )

    config.optimizer.learning_rate = 3e-4
    config.optimizer.weight_decay = 0.0
    config.optimizer.warmup_epochs = 10.0
    config.optimizer.clip_norm = 1.0

    config.training.num_epochs = 200
    return config
