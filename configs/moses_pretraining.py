r"""Pre-training on MOSES: descriptors, fingerprint bits and replaced atoms of drug-like molecules.

    gtx datasets fetch moses --root=data
    gtx train --config=configs/moses_pretraining.py --config.data.root=data \
        --workdir=runs/moses_pretraining
    gtx train --config=configs/moses_pretraining.py:mine.csv --config.data.target=logS \
        --config.init_from=runs/moses_pretraining --workdir=runs/mine

MOSES (Polykovskiy et al. 2020, MIT) has no labels: what is predicted follows from the molecules.
A head of regression predicts descriptors of RDKit, each in units of its deviation over the training
part, and another one the bits of a Morgan fingerprint. Beside them the model tells what atoms and
bonds were before a share of their categories was replaced (`task.noise`, as Godwin et al. 2022
have it). A replaced category is another one and not a mark of its own, as in Hu et al. (2020), so
that the columns stay those of other molecules, and the model can start a run on any of these
(`config.init_from`). There is no published score.

The word behind the colon is a CSV file, on which the same model is fine-tuned.
"""

from ml_collections import ConfigDict

from configs import base, csv_molecules
from gtx import recipes

# Of size, polarity, flexibility, shape and charge. They are properties of the molecule that many
# labels depend on, and RDKit knows them for every one.
DESCRIPTORS = (
    "MolLogP", "MolMR", "MolWt", "TPSA", "LabuteASA", "NumHDonors", "NumHAcceptors",
    "NumRotatableBonds", "NumHeteroatoms", "RingCount", "NumAromaticRings", "NumAliphaticRings",
    "FractionCSP3", "BertzCT", "BalabanJ", "HallKierAlpha", "Kappa1", "Kappa2", "Kappa3", "qed",
)  # fmt: skip
BITS = 512


def get_config(path: str = "") -> ConfigDict:
    config = csv_molecules.get_config() if path else base.get_config()
    if path:
        config.data.path = path
        config.data.descriptors = ()
        config.baseline = False
    else:
        _pretraining(config)
    config.encodings.random_walk = ConfigDict(dict(walk_length=16))
    # 943,730 parameters with the heads of pre-training: 3.8 MB in float32.
    config.model = recipes.model_config(
        "gps",
        dim=128,
        num_layers=5,
        num_heads=4,
        encoding_dim=16,
        head_layers=1,
        pool="mean",
        dropout_rate=0.1 if path else 0.0,
        readout_dropout_rate=0.2 if path else 0.0,
    )
    return config


def _pretraining(config: ConfigDict) -> None:
    config.data.name = "moses"
    config.data.root = "data"  # the folder that holds moses/
    config.data.num_train = 200_000
    config.data.num_test = 4_000
    config.data.features = "cip"
    config.data.targets = DESCRIPTORS
    config.data.bits = BITS
    config.data.normalize = True
    config.batch.size = 128
    config.batch.num_tiers = 2
    config.task.loss = "huber"  # some molecules have descriptors far from all others
    config.task.metric = "descriptors/scaled_mae"
    # As many votes for all descriptors as for all bits.
    config.task.head_weights = (float(BITS) / len(DESCRIPTORS), 1.0)
    config.task.noise = 0.15
    config.task.noise_weight = 0.1
    config.optimizer.weight_decay = 0.01
    config.optimizer.decay = "kernels"
    config.optimizer.warmup_epochs = 0.2
    config.training.num_epochs = 4
    config.training.checkpoint_every = 1
