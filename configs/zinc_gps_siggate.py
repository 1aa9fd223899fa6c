r"""SigGate-GT on ZINC-12k: Guo et al. (2026), preprint: test MAE 0.059 ± 0.002.

    gtx train --config=configs/zinc_gps_siggate.py --config.data.root=data \
        --workdir=runs/zinc_gps_siggate

GPS whose attention has an output gate: every head is multiplied by the sigmoid of a linear map of
the node that receives it. The paper says "500K parameters" and no exact number; this model has
592,353. Ten layers, 8 heads, GatedGCN, layer norms, GELU, a mean over nodes, 16 eigenvectors and 16
steps of random walks.

Differs from the authors' code in that: message passing and attention run beside each other, as in
GPS and the paper, where the code runs one after the other; GatedGCN is GraphGPS's; each encoding
has an encoder of its own, where the code maps all columns at once; batches are stratified by size.
"""

from ml_collections import ConfigDict

from configs import base
from gtx import recipes


def get_config() -> ConfigDict:
    config = base.get_config()
    config.data.name = "zinc"
    config.data.root = "data"  # the folder that holds zinc12k/
    config.encodings.laplacian = ConfigDict(dict(num_vectors=16))
    config.encodings.random_walk = ConfigDict(dict(walk_length=16))

    config.model = recipes.model_config(
        "gps",
        num_heads=8,
        local="gated_gcn",
        attention={"name": "complete", "output_gate": True},
        attention_dropout_rate=0.0,
        activation="gelu",
        norm="layer",
        pool="mean",
        head_layers=2,
        encoding_dim=16,
    )
    config.task.loss = "l1"

    config.optimizer.learning_rate = 1e-3
    config.optimizer.weight_decay = 1e-5
    config.optimizer.warmup_epochs = 0.0
    config.optimizer.clip_norm = 1.0

    config.training.num_epochs = 2000
    return config
