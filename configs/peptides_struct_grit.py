r"""GRIT on Peptides-struct: Ma et al. (2023): test MAE 0.2460 ± 0.0012.

    gtx train --config=configs/peptides_struct_grit.py --config.data.root=data \
        --workdir=runs/peptides_struct_grit

17 steps and a head of one linear map, as for Peptides-func: 438,827 parameters. The authors' file
`peptides-struct-GRIT-RRWP.yaml` has 24 steps and a head of two, 449,483 parameters; all else is of
that file, with OGB's atom table of 173 rows. Not trained here. Batches are stratified by size.
"""

from ml_collections import ConfigDict

from configs import base
from gtx import recipes


def get_config() -> ConfigDict:
    config = base.get_config()
    config.data.name = "peptides_struct"
    config.data.root = "data"  # the folder that holds peptides_struct/
    config.encodings.rrwp = ConfigDict(dict(walk_length=17))

    config.batch.size = 16
    config.model = recipes.model_config(
        "grit",
        dim=96,
        num_layers=4,
        dropout_rate=0.05,
        # OGB's tables with GraphGPS's initial values.
        node_encoders={"atom": dict(name="categorical", embedding_init="xavier_uniform")},
        edge_encoders={"bond": dict(name="categorical", embedding_init="xavier_uniform")},
        pool="mean",
        head_layers=1,
    )
    config.task.loss = "l1"
    config.task.metric = "mae"

    config.optimizer.learning_rate = 3e-4
    config.optimizer.weight_decay = 0.0
    config.optimizer.warmup_epochs = 10.0
    config.optimizer.clip_norm = 1.0

    config.training.num_epochs = 200
    return config
