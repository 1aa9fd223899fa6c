r"""Your own graphs in graph6, with a CSV file that has a row of labels for each line.

    gtx train --config=configs/graph6.py --workdir=runs/mine \
        --config.data.path=mine.g6 --config.data.target=label --config.data.kind=multiclass
    gtx predict --workdir=runs/mine --input=new.g6 --output=predictions.csv

The labels of mine.g6 are in mine.csv, or in the file that `--config.data.table` names. There are no
features: what a model sees of a node are its edges and its encodings.
"""

from ml_collections import ConfigDict

from configs import base
from gtx import recipes


def get_config() -> ConfigDict:
    config = base.get_config()
    config.data.name = "graph6"
    config.data.path = "mine.g6"
    config.data.target = "label"  # a column of the table, or several with commas between them
    config.data.table = "beside"
    config.data.kind = "regression"  # regression | binary | multiclass | multilabel
    config.data.split = "random"  # random | column
    config.data.split_column = "split"  # read for column; without valid it is taken out of train
    config.data.test_fraction = 0.1
    config.data.normalize = True  # targets of regression have the same scale; others stay
    config.encodings.random_walk = ConfigDict(dict(walk_length=16))

    config.model = recipes.model_config("gps", dim=64, num_layers=4, local="gine", encoding_dim=16)
    return config
