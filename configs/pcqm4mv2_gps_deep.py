r"""GPS-deep on PCQM4Mv2: Rampášek et al. (2022): validation MAE 0.0852, 13,807,345 parameters.

    gtx train --config=configs/pcqm4mv2_gps_deep.py --config.data.root=data \
        --workdir=runs/pcqm4mv2_gps_deep

The recipe of GraphGPS (`pcqm4m-GPSdeep+RWSE.yaml`).
Not trained here. Differs from it in that batches are stratified by size, and GELU is approximated.
"""

from ml_collections import ConfigDict

from configs import base
from gtx import recipes


def get_config() -> ConfigDict:
    config = base.get_config()
    config.data.name = "pcqm4mv2"
    config.data.root = "data"  # the folder that holds pcqm4mv2/
    config.encodings.random_walk = ConfigDict(dict(walk_length=16))

    config.batch.size = 256
    # OGB's table of atoms as it was then, with four chiralities: 173 rows and not 174.
    sizes = (119, 4, 12, 12, 10, 6, 6, 2, 2)
    atom = dict(name="categorical", sizes=sizes, embedding_init="xavier_uniform")
    bond = dict(name="categorical", embedding_init="xavier_uniform")
    config.model = recipes.model_config(
        "gps",
        dim=256,
        num_layers=16,
        local="gated_gcn",
        num_heads=8,
        activation="gelu_exact",
        dropout_rate=0.1,
        attention_dropout_rate=0.1,
        encoding_dim=20,
        node_encoders={"atom": atom},
        edge_encoders={"bond": bond},
        pool="mean",
    )

    config.optimizer.learning_rate = 2e-4
    config.optimizer.weight_decay = 0.0
    config.optimizer.warmup_epochs = 10.0
    config.optimizer.schedule = "linear"

    config.training.num_epochs = 150
    return config
