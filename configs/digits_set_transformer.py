r"""Set Transformer on the digits of scikit-learn, each the set of its pixels with ink.

    gtx train --config=configs/digits_set_transformer.py --workdir=runs/digits_sets

Here: test accuracy 0.964, seed 0, 111,434 parameters, 3 minutes on 2 shared and busy cores of an
AMD EPYC, 2026-11-30. The largest class has 0.086 of the test images.

No paper has this recipe: Lee et al. (2019) classify clouds of points in space.
"""

from ml_collections import ConfigDict

from configs import base
from gtx import recipes


def get_config() -> ConfigDict:
    config = base.get_config()
    config.data.name = "digits"
    config.data.form = "set"

    config.model = recipes.model_config(
        "set_transformer", dim=64, num_points=8, readout_dropout_rate=0.1
    )
    config.batch.num_tiers = 1  # sets have about as many pixels
    config.optimizer.learning_rate = 1e-3
    config.training.num_epochs = 30
    config.training.evaluate_every = 5
    return config
