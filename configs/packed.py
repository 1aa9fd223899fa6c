r"""Your own graphs in one packed file, which any dataset can be written to.

    gtx train --config=configs/packed.py --workdir=runs/mine \
        --config.data.path=mine.npz --config.data.kind=multiclass
    gtx predict --workdir=runs/mine --input=new.npz --output=predictions.csv

`gtx.data.packed.save(dataset, path)` writes the file; `gtx.data.convert` makes datasets of the
graphs of other libraries. Sets larger than memory: `gtx.data.packed_folder.save` writes a folder,
and `gtx.data.packed_shards.save` a folder of them, whose path is given in place of the file
(docs/your_data.md). `--config.data.level` (graph | node | edge | pair) and `--config.data.kind`
(regression | binary | multiclass | multilabel) say what is predicted.
Encoders follow from the columns: an embedding of each category, a linear map of numbers.
"""

from ml_collections import ConfigDict

from configs import base
from gtx import recipes


def get_config() -> ConfigDict:
    config = base.get_config()
    config.data.name = "packed"
    config.data.path = "graphs.npz"
    config.data.level = "graph"  # graph | node | edge | pair
    config.data.kind = "regression"  # regression | binary | multiclass | multilabel
    config.data.split = "given"  # given: that of the file | random
    config.data.test_fraction = 0.1  # read for random
    config.data.window = 4  # of a folder of shards: how many are shuffled together
    config.data.normalize = True  # targets of regression have the same scale; others stay
    config.data.standardize = True  # columns of numbers, by the training graphs
    config.encodings.random_walk = ConfigDict(dict(walk_length=16))

    config.model = recipes.model_config(
        "gps", dim=64, num_layers=4, local="gated_gcn", encoding_dim=16
    )
    return config
