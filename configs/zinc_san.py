r"""SAN on ZINC-12k: Kreuzer et al. (2021): test MAE 0.139 ± 0.006, here 454,697 parameters.

    gtx train --config=configs/zinc_san.py --config.data.root=data --workdir=runs/zinc_san

The authors' `configs/ZINC/optimized`, whose number of parameters follows from their layers. (The
508.6 thousand that others state for SAN on ZINC are those of another model.) Differs from it in
that: the learning rate falls along a cosine for the 1,000 epochs, where the authors halve it when
the validation loss does not fall for 25 epochs, and stop at 1e-6 or after 24 hours; signs of the
eigenvectors are drawn for each graph in training, where their code draws them and does not use
them; each eigenvector has length 1, where their code scales the row of each node to length 1;
batches are stratified by size.
"""

from ml_collections import ConfigDict

from configs import base
from gtx import recipes


def get_config() -> ConfigDict:
    config = base.get_config()
    config.data.name = "zinc"
    config.data.root = "data"  # the folder that holds zinc12k/
    config.encodings.laplacian = ConfigDict(dict(num_vectors=10, normalization="sym"))

    positions = dict(name="laplacian_transformer", hidden_dim=2048)  # PyTorch's width
    config.model = recipes.model_config("san", node_encoders={"laplacian": positions})
    config.task.loss = "l1"

    config.optimizer.learning_rate = 7e-4
    config.optimizer.weight_decay = 0.0
    config.optimizer.warmup_epochs = 0.0
    config.optimizer.clip_norm = 0.0  # none

    config.training.num_epochs = 1000
    return config
