r"""GPS on Peptides-func: Rampášek et al. (2022): test AP 0.6535 ± 0.0041 with 504,362 parameters.

    gtx train --config=configs/peptides_func_gps.py --config.data.root=data \
        --workdir=runs/peptides_func_gps

The recipe of GraphGPS (`peptides-func-GPS.yaml`): GatedGCN with edges that evolve, LapPE by a
DeepSet, OGB's atom table of 173 rows. Not trained here yet: 15,535 graphs of 150 nodes want a GPU.
"""

from ml_collections import ConfigDict

from configs import base
from gtx import recipes


def get_config() -> ConfigDict:
    config = base.get_config()
    config.data.name = "peptides_func"
    config.data.root = "data"  # the folder that holds peptides_func/
    config.encodings.laplacian = ConfigDict(dict(num_vectors=10, normalization="none"))

    config.batch.size = 128
    config.model = recipes.model_config(
        "gps",
        dim=96,
        num_layers=4,
        local="gated_gcn",
        encoding_dim=16,
        # OGB's tables with GraphGPS's initial values.
        node_encoders={"atom": dict(name="categorical", embedding_init="xavier_uniform")},
        edge_encoders={"bond": dict(name="categorical", embedding_init="xavier_uniform")},
        pool="mean",
        head_layers=1,
    )

    config.optimizer.learning_rate = 3e-4
    config.optimizer.weight_decay = 0.0
    config.optimizer.warmup_epochs = 10.0

    config.training.num_epochs = 200
    return config
