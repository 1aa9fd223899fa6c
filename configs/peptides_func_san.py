r"""SAN with LapPE on Peptides-func: Dwivedi et al. (2022), LRGB: test AP 0.6384 ± 0.0121.

    gtx train --config=configs/peptides_func_san.py --config.data.root=data \
        --workdir=runs/peptides_func_san

The authors' `peptides-func-SAN.yaml`. The score is that of the README of vijaydwivedi75/lrgb, which
states 493 thousand parameters: their layers make 492,718 with OGB's atom table of 173 rows, of
which 84 are a vector of the pairs without an edge. Here these pairs have the features of class 0 of
a bond, as in SAN's own code: 492,634.

Not trained here. Differs from it further in that: a step is one batch of 128, where the authors
add the gradients of four batches of 32; the learning rate falls along a cosine for the 500 epochs,
where they halve it when the validation AP does not rise for 20 epochs, down to 1e-5; signs are
drawn for each graph and not for each batch; batches are stratified by size.
"""

from ml_collections import ConfigDict

from configs import base
from gtx import recipes


def get_config() -> ConfigDict:
    config = base.get_config()
    config.data.name = "peptides_func"
    config.data.root = "data"  # the folder that holds peptides_func/
    config.encodings.laplacian = ConfigDict(dict(num_vectors=10, normalization="sym"))

    config.batch.size = 128
    positions = dict(name="laplacian_transformer", hidden_dim=2048)  # PyTorch's width
    config.model = recipes.model_config(
        "san",
        dim=84,
        num_layers=4,
        num_heads=4,
        gamma=1e-6,
        encoding_dim=16,
        # OGB's tables with GraphGPS's initial values.
        node_encoders={
            "atom": dict(name="categorical", embedding_init="xavier_uniform"),
            "laplacian": positions,
        },
        edge_encoders={"bond": dict(name="categorical", embedding_init="xavier_uniform")},
        pool="mean",
        head_layers=1,
    )

    config.optimizer.learning_rate = 3e-4
    config.optimizer.weight_decay = 0.0
    config.optimizer.warmup_epochs = 0.0
    config.optimizer.clip_norm = 0.0  # none

    config.training.num_epochs = 500
    return config
