r"""SpecFormer on molhiv: Bo et al. (2023): test ROC-AUC 78.89 ± 1.24 %; 226,725 parameters.

    gtx train --config=configs/molhiv_specformer.py --config.data.root=data \
        --workdir=runs/molhiv_specformer

The authors' `Graph/config/hiv.json` and their `SpecformerSmall`, in which all layers share what the
filters say of a pair.
No text states a number of parameters: these are those of their layers, with OGB's atom table of 174
rows and a row for no bond in each table of bonds. The score was not checked against the paper. Not
trained here. Differs from it in that: the eigenvectors are those of the Laplacian, as in the paper,
and not of the adjacency matrix with self-loops; there are 222
of them, as the largest molecule has atoms; pairs without a bond add 0, where the code leaves the
vectors that it drew for them; batches are stratified by size.
"""

from ml_collections import ConfigDict

from configs import base
from gtx import recipes


def get_config() -> ConfigDict:
    config = base.get_config()
    config.data.name = "ogbg_molhiv"
    config.data.root = "data"  # the folder that holds ogbg_molhiv/
    config.encodings.laplacian = ConfigDict(dict(num_vectors=222))
    config.batch.size = 64

    # OGB's table of atoms of today, with five chiralities, where the data have four.
    sizes = (119, 5, 12, 12, 10, 6, 6, 2, 2)
    atom = dict(name="categorical", sizes=sizes, embedding_init="xavier_uniform")
    bond = dict(name="categorical", sizes=(6, 7, 3), embedding_init="xavier_uniform")
    config.model = recipes.model_config(
        "specformer",
        dim=80,
        num_layers=8,
        num_heads=4,
        dropout_rate=0.1,
        filter_dropout_rate=0.1,
        bases_dropout_rate=0.3,
        bases_norm="batch",
        bases_softmax=True,
        node_encoders={"atom": atom},
        edge_encoders={"bond": bond},
    )

    config.optimizer.learning_rate = 1e-4
    config.optimizer.weight_decay = 1e-4
    config.optimizer.warmup_epochs = 5.0
    config.optimizer.clip_norm = 0.0  # none

    config.training.num_epochs = 50
    return config
