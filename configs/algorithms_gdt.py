r"""GDT with tokens of edges, which edges are bridges: Stoll et al. (2025): F1 99.2 % with RRWP.

    gtx train --config=configs/algorithms_gdt.py --workdir=runs/bridges_gdt

The paper's model "16M" with tokens of nodes and edges, whose labels are predicted from their
tokens; `config.data.task=minimum_spanning_tree` is another of its tasks (F1 96.0 %). The scores are
as cited elsewhere. The schedule is that of the authors' later repository, `transformers-for-graphs`
(131,072 steps of 256 graphs, of which 2.5 % warm up, weight decay 0.1 of kernels, clipping at 5).

Not trained here. Differs from their code in that: there are 100,000 training graphs and not
4,000,000; walks are those of the given graph without loops at its nodes, where the code walks on
the graph of all tokens; graphs are drawn as `gtx.data.sources.Algorithms` says; batches are
stratified by size.
"""

from ml_collections import ConfigDict

from configs import base
from gtx import recipes


def get_config() -> ConfigDict:
    config = base.get_config()
    config.data.name = "algorithms"
    config.data.task = "bridges"
    config.data.nodes = 16
    config.data.test_nodes = 64
    config.data.train_count = 100_000
    config.data.valid_count = 10_000
    config.data.test_count = 1_000
    config.encodings.rrwp = ConfigDict(dict(walk_length=17, diagonal=False))
    config.structures.virtual_nodes = ConfigDict(dict(num_nodes=1))
    config.structures.edge_tokens = ConfigDict()

    config.batch.size = 256
    config.batch.num_tiers = 1
    config.model = recipes.model_config("gdt", tokens="edges", head_widths="equal")
    config.task.kind = "multiclass"
    config.task.metric = "f1"

    config.optimizer.learning_rate = 2e-4
    config.optimizer.weight_decay = 0.1
    config.optimizer.decay = "kernels"
    config.optimizer.warmup_epochs = 8.4
    config.optimizer.clip_norm = 5.0

    config.training.num_epochs = 336
    return config
