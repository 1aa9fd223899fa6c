r"""GPS on ogbg-molhiv: Rampášek et al. (2022): test ROC-AUC 0.7880 ± 0.0101, 558,625 parameters.

    gtx train --config=configs/molhiv_gps.py --config.data.root=data \
        --workdir=runs/molhiv_gps

The recipe of GraphGPS (`ogbg-molhiv-GPS+RWSE.yaml`).
Not trained here. Differs from it in that batches are stratified by size.
"""

from ml_collections import ConfigDict

from configs import base
from gtx import recipes


def get_config() -> ConfigDict:
    config = base.get_config()
    config.data.name = "ogbg_molhiv"
    config.data.root = "data"  # the folder that holds ogbg_molhiv/
    config.encodings.random_walk = ConfigDict(dict(walk_length=16))

    config.batch.size = 32
    # OGB's table of atoms as it was then, with four chiralities: 173 rows and not 174.
    sizes = (119, 4, 12, 12, 10, 6, 6, 2, 2)
    atom = dict(name="categorical", sizes=sizes, embedding_init="xavier_uniform")
    bond = dict(name="categorical", embedding_init="xavier_uniform")
    config.model = recipes.model_config(
        "gps",
        local="gated_gcn",
        dropout_rate=0.05,
        encoding_dim=16,
        node_encoders={"atom": atom},
        edge_encoders={"bond": bond},
        pool="mean",
    )

    config.optimizer.learning_rate = 1e-4
    config.optimizer.weight_decay = 1e-5
    config.optimizer.warmup_epochs = 5.0

    config.training.num_epochs = 100
    return config
