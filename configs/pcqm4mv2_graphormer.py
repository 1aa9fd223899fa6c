r"""Graphormer on PCQM4Mv2: the model of Ying et al. (2021) for PCQM4M-LSC, 47.1 million parameters.

    gtx train --config=configs/pcqm4mv2_graphormer.py --config.data.root=data \
        --workdir=runs/pcqm4mv2_graphormer

The model and schedule of the authors' v1.0 (`examples/ogb-lsc`): a million steps of 256 molecules,
of which 60,000 warm up; the paper's validation MAE on PCQM4M-LSC, the first version of these data,
is 0.1234. 47,085,377 parameters by the layers of v1.0: 12 blocks of width 768 with 32 heads and a
norm after the last, and tables of 512 rows for each feature of an atom or a bond, for degrees and
for distances.

Not trained here. Differs from the code in that: batches are stratified by size; the features of a
bond are summed and not averaged; nodes 20 steps apart and further attend to each other; numbers are
float32 and not float16.
"""

from ml_collections import ConfigDict

from configs import base
from gtx import recipes


def get_config() -> ConfigDict:
    config = base.get_config()
    config.data.name = "pcqm4mv2"
    config.data.root = "data"  # the folder that holds pcqm4mv2/
    # With the class for all larger degrees and that of the token, 512.
    config.encodings.degree_class = ConfigDict(dict(max_degree=509))
    # With the classes for all longer distances, for no path and for the token, 513.
    config.encodings.spd = ConfigDict(dict(max_distance=509))
    config.encodings.shortest_paths = ConfigDict()
    config.structures.virtual_nodes = ConfigDict(dict(num_nodes=1))

    config.batch.size = 256
    # 512 rows for each feature, one that the code never reads, and one for the token.
    atom = dict(name="categorical", sizes=(514, *[512] * 8))
    bond = dict(name="categorical", sizes=(513, 512, 512))
    config.model = recipes.model_config(
        "graphormer",
        dim=768,
        num_heads=32,
        final_norm=True,
        max_hops=5,
        table_hops=128,
        node_encoders={"atom": atom},
        edge_encoders={"bond": bond},
    )
    config.task.loss = "l1"

    config.optimizer.learning_rate = 2e-4
    config.optimizer.weight_decay = 0.01
    config.optimizer.schedule = "linear"
    config.optimizer.warmup_epochs = 4.5
    config.optimizer.clip_norm = 5.0

    config.training.num_epochs = 76
    return config
