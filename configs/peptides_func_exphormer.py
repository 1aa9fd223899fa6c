r"""Exphormer on Peptides-func: Shirzad et al. (2023): test AP 0.6527 ± 0.0043.

    gtx train --config=configs/peptides_func_exphormer.py --config.data.root=data \
        --workdir=runs/peptides_func_exphormer

The authors' `Exphormer_LRGB/Peptides_Func.yaml`: one virtual node, and no expander. It has 445,802
parameters; the paper's table 8 states 445,866, with 64 for edges of an expander that the authors'
model makes and does not use. Not trained here yet: 15,535 graphs of 150 nodes want a GPU. Batches
are stratified by size.
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
        "exphormer",
        num_layers=8,
        local="gated_gcn",
        edges=("graph",),
        encoding_dim=16,
        dropout_rate=0.12,
        pool="mean",
        head_layers=1,
    )

    config.optimizer.learning_rate = 3e-4
    config.optimizer.weight_decay = 0.0
    config.optimizer.warmup_epochs = 10.0

    config.training.num_epochs = 200
    return config
