r"""GDT on ZINC-12k, which its paper does not train on (Stoll et al., 2025).

    gtx train --config=configs/zinc_gdt.py --config.data.root=data \
        --workdir=runs/zinc_gdt

The model at the size of others on ZINC, with relative random walks, the best of the paper's
encodings, and the authors' optimizer: a warm-up over 2.5 % of the steps, weight decay 0.1 of
kernels, clipping at 5.
"""

from ml_collections import ConfigDict

from configs import base
from gtx import recipes


def get_config() -> ConfigDict:
    config = base.get_config()
    config.data.name = "zinc"
    config.data.root = "data"  # the folder that holds zinc12k/
    config.encodings.rrwp = ConfigDict(dict(walk_length=17, diagonal=False))
    config.structures.virtual_nodes = ConfigDict(dict(num_nodes=1))

    config.model = recipes.model_config("gdt", dim=72, num_layers=12, num_heads=8, hidden_dim=128)
    config.task.loss = "l1"

    config.optimizer.learning_rate = 5e-4
    config.optimizer.weight_decay = 0.1
    config.optimizer.decay = "kernels"
    config.optimizer.warmup_epochs = 25.0
    config.optimizer.clip_norm = 5.0

    config.training.num_epochs = 1000
    return config
