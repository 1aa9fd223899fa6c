r"""A small GPS on any source of data, by its name: for a first run, not a published recipe.

    gtx train --config=configs/dataset_gps.py:moleculenet --config.data.graphs=esol \
        --config.data.root=data --workdir=runs/esol

The word behind the colon is a source of `gtx datasets list` (`gtx train
--config=configs/dataset_gps.py` takes zinc); its fields are those of `config.data`. One large graph
has message passing alone, many graphs have attention beside it. The metric, and the negatives that
are drawn for links, are those of the published scores.
"""

import dataclasses

from ml_collections import ConfigDict

from configs import base
from gtx import recipes
from gtx.data.sources import SOURCES
from gtx.recipes.rules import choose


def get_config(name: str = "zinc") -> ConfigDict:
    kind = choose(SOURCES, name, "--config=configs/dataset_gps.py:")
    config = base.get_config()
    config.data.name = name
    fields = {field.name: field.default for field in dataclasses.fields(kind)}
    given = {field: "data" for field in fields if field == "root"}  # the folder of all datasets
    for field, default in {**fields, **given}.items():
        # A field without a default, such as the path of a file, must be given.
        config.data[field] = "" if default is dataclasses.MISSING else default

    known, edges = None, {}
    if all(default is not dataclasses.MISSING for default in {**fields, **given}.values()):
        source = kind(**given)
        known, declared = source.published(), source.declared_spec()
        edges = declared.edges if declared else {}
    one_graph = bool(known and known.statistics and known.statistics.graphs == 1)

    config.batch.size = 1 if one_graph else 32
    config.model = recipes.model_config(
        "gps",
        dim=64,
        num_layers=3,
        local="gine" if edges else "sage",
        attention="none" if one_graph else "complete",
        norm="layer" if one_graph else "batch",
        dropout_rate=0.2 if one_graph else 0.0,
        attention_dropout_rate=0.2,
        head_layers=1 if one_graph else 2,
    )
    if known:
        config.task.metric = known.metric or "auto"
        config.task.negatives = known.negatives
        config.task.candidates = known.candidates
    config.optimizer.weight_decay = 1e-4
    config.training.num_epochs = 100
    return config
