r"""Your own molecules, from a model that was pre-trained on those of MOSES.

    gtx train --config=configs/csv_molecules_pretrained.py --workdir=runs/mine \
        --config.data.path=mine.csv --config.data.target=logS

The options of the data are those of `configs/csv_molecules.py`. `configs/moses_pretraining.py`
makes the run that this one starts from. The model reads the molecule alone, as it has learned to
tell descriptors from it. `--config.init_from=""` trains the same model from scratch.

Whether it helps depends on the molecules: try both, and compare on validation. Here, validation
scores from scratch and pre-trained, the better of weight decay 0.3 and 0.01 each: ESOL RMSE 0.594
and 0.554; BACE ROC AUC 0.894 and 0.910; FreeSolv, whose molecules are smaller than those of MOSES,
RMSE 1.705 and 2.135 (seed 0, random splits 8:1:1, one shared core of an AMD EPYC, 2026-11-30).
"""

from ml_collections import ConfigDict

from configs import csv_molecules
from gtx import recipes


def get_config() -> ConfigDict:
    config = csv_molecules.get_config()
    config.init_from = "runs/moses_pretraining"
    config.data.descriptors = ()
    # The one that was pre-trained, with dropout.
    config.model = recipes.model_config(
        "gps",
        dim=96,
        num_layers=4,
        num_heads=4,
        encoding_dim=16,
        head_layers=1,
        pool="mean",
        dropout_rate=0.1,
        readout_dropout_rate=0.2,
    )
    config.optimizer.weight_decay = 0.01  # 0.3, as from scratch, draws it back from where it starts
    config.training.num_epochs = 60
    return config
