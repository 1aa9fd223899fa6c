r"""Graphormer-slim on ZINC-12k: Ying et al. (2021): test MAE 0.122 ± 0.006, 489,321 parameters.

    gtx train --config=configs/zinc_graphormer.py --config.data.root=data \
        --workdir=runs/zinc_graphormer

The recipe of the authors' v1.0 code (`examples/benchmarking-gnns`): 400,000 steps of 256 molecules,
of which 40,000 warm up. The tables have the sizes of theirs: 64 types of atoms and of bonds, 64
degrees, 40 distances and as many matrices along paths, of which 20 are read; types, degrees and
distances each have one row more for the token, within the 64 for degrees. The count is the
paper's; `--config.model.final_norm=True` adds the LayerNorm that is in the code alone, for 489,481.

Differs from the recipe in that: batches are stratified by size; nodes 20 steps apart and further
attend to each other; numbers are float32 and not float16.
"""

from ml_collections import ConfigDict

from configs import base
from gtx import recipes


def get_config() -> ConfigDict:
    config = base.get_config()
    config.data.name = "zinc"
    config.data.root = "data"  # the folder that holds zinc12k/
    # With the class for all larger degrees and that of the token, 64.
    config.encodings.degree_class = ConfigDict(dict(max_degree=61))
    # With the classes for all longer distances, for no path and for the token, 41.
    config.encodings.spd = ConfigDict(dict(max_distance=37))
    config.encodings.shortest_paths = ConfigDict()
    config.structures.virtual_nodes = ConfigDict(dict(num_nodes=1))
    config.batch.size = 256

    config.model = recipes.model_config(
        "graphormer",
        node_encoders={"type": {"name": "categorical", "sizes": (65,)}},
        edge_encoders={"type": {"name": "categorical", "sizes": (64,)}},
    )
    config.task.loss = "l1"

    config.optimizer.learning_rate = 2e-4
    config.optimizer.weight_decay = 0.01
    config.optimizer.schedule = "linear"
    config.optimizer.warmup_epochs = 1000.0  # of 40 steps each
    config.optimizer.clip_norm = 0.0  # none

    config.training.num_epochs = 10_000
    return config
