r"""Transformer+LapPE on Peptides-func: Dwivedi et al. (2022), LRGB: test AP 0.6326 ± 0.0126.

    gtx train --config=configs/peptides_func_transformer.py --config.data.root=data \
        --workdir=runs/peptides_func_transformer

The authors' `peptides-func-Transformer+LapPE.yaml`: GPS without message passing. The score is that
of the README of vijaydwivedi75/lrgb, which states 488 thousand parameters: their layers make
488,426 with OGB's atom table of 173 rows, of which 960 belong to norms that nothing reads: 487,466
here. Bonds have a table that nobody reads, as there.

Not trained here. Differs from it in that: the learning rate falls along a cosine for the 500
epochs, where the authors halve it when the validation AP does not rise for 20 epochs, down to 1e-5;
signs are drawn for each graph and not for each batch; batches are stratified by size.
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
        dim=120,
        num_layers=4,
        local="none",
        encoding_dim=16,
        # OGB's table with GraphGPS's initial values.
        node_encoders={"atom": dict(name="categorical", embedding_init="xavier_uniform")},
        pool="mean",
        head_layers=1,
    )

    config.optimizer.learning_rate = 3e-4
    config.optimizer.weight_decay = 0.0
    config.optimizer.warmup_epochs = 0.0
    config.optimizer.clip_norm = 0.0  # none

    config.training.num_epochs = 500
    return config
