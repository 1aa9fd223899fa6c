r"""Every level and kind of label on small random graphs, to try tasks out in seconds.

    gtx train --config=configs/tasks.py --workdir=runs/nodes \\
        --config.data.level=node --config.data.kind=multiclass

`config.data.level` is graph, node, edge or pair; `config.data.kind` is regression, binary,
multiclass, multilabel, mixed or sequence. The labels follow from the graphs (`gtx.data.sources`),
which are drawn; there is no published score.
"""

from configs import base
from gtx import recipes


def get_config():
    config = base.get_config()
    config.data.name = "labelled_graphs"
    config.data.level = "graph"
    config.data.kind = "regression"
    config.data.num_graphs = 200
    config.data.missing = 0.0
    config.data.weighted = False

    config.batch.size = 24
    config.model = recipes.model_config("mpnn", dim=16, num_layers=2, encoding_dim=16)

    config.optimizer.learning_rate = 3e-3
    config.optimizer.warmup_epochs = 0.0
    config.training.num_epochs = 20
    config.training.checkpoint_every = 20
    return config
