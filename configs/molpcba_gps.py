r"""GPS on ogbg-molpcba: Rampášek et al. (2022): test AP 0.2907 ± 0.0028, 9,744,496 parameters.

    gtx train --config=configs/molpcba_gps.py --config.data.root=data \
        --workdir=runs/molpcba_gps

The recipe of GraphGPS (`ogbg-molpcba-GPS+RWSE.yaml`).
Not trained here. Differs from it in that batches are stratified by size.
"""

from ml_collections import ConfigDict

from configs import base
from gtx import recipes


def get_config() -> ConfigDict:
    config = base.get_config()
    config.data.name = "ogbg_molpcba"
    config.data.root = "data"  # the folder that holds ogbg_molpcba/
    config.encodings.random_walk = ConfigDict(dict(walk_length=16))

    config.batch.size = 512
    # OGB's table of atoms as it was then, with four chiralities: 173 rows and not 174.
    sizes = (119, 4, 12, 12, 10, 6, 6, 2, 2)
    atom = dict(name="categorical", sizes=sizes, embedding_init="xavier_uniform")
    bond = dict(name="categorical", embedding_init="xavier_uniform")
    config.model = recipes.model_config(
        "gps",
        dim=384,
        num_layers=5,
        local="gated_gcn",
        dropout_rate=0.2,
        encoding_dim=20,
        head_layers=1,
        node_encoders={"atom": atom},
        edge_encoders={"bond": bond},
        pool="mean",
    )

    config.optimizer.learning_rate = 5e-4
    config.optimizer.weight_decay = 1e-5
    config.optimizer.warmup_epochs = 5.0

    config.training.num_epochs = 100
    return config
