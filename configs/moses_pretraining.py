r"""Pre-training on MOSES: descriptors, fingerprint bits and replaced atoms of drug-like molecules.

    gtx datasets fetch moses --root=data
    gtx train --config=configs/moses_pretraining.py --config.data.root=data \
        --workdir=runs/moses_pretraining
    gtx train --config=configs/csv_molecules_pretrained.py --config.data.path=mine.csv \
        --config.data.target=logS --config.init_from=runs/moses_pretraining --workdir=runs/mine

MOSES (Polykovskiy et al. 2020, MIT) has no labels: what is predicted follows from the molecules.
A head of regression predicts descriptors of RDKit, each in units of its deviation over the training
part, and another one the bits of a Morgan fingerprint. Beside them the model tells what atoms and
bonds were before a share of their categories was replaced (`task.noise`, as Godwin et al. 2022
have it). A replaced category is another one and not a mark of its own, as in Hu et al. (2020), so
that the columns stay those of other molecules, and the model can start a run on any of these
(`config.init_from`). There is no published score. Here: the error of a descriptor is 0.065 of its
deviation (R2 0.988), the ROC AUC of a bit 0.892, on 2,000 molecules (seed 0, 53 minutes of
processor time on an AMD EPYC, 2026-11-30).
"""

from ml_collections import ConfigDict

from configs import base, csv_molecules_pretrained

# Of size, polarity, flexibility, shape and charge. They are properties of the molecule that many
# labels depend on, and RDKit knows them for every one.
DESCRIPTORS = (
    "MolLogP", "MolMR", "MolWt", "TPSA", "LabuteASA", "NumHDonors", "NumHAcceptors",
    "NumRotatableBonds", "NumHeteroatoms", "RingCount", "NumAromaticRings", "NumAliphaticRings",
    "FractionCSP3", "BertzCT", "BalabanJ", "HallKierAlpha", "Kappa1", "Kappa2", "Kappa3", "qed",
)  # fmt: skip
BITS = 512


def get_config() -> ConfigDict:
    config = base.get_config()
    config.data.name = "moses"
    config.data.root = "data"  # the folder that holds moses/
    config.data.num_train = 320_000
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
    config.training.num_epochs = 6
    config.training.checkpoint_every = 1
    config.encodings.random_walk = ConfigDict(dict(walk_length=16))
    # 460,146 parameters with the heads of pre-training: 1.8 MB in float32.
    config.model = csv_molecules_pretrained.get_config().model
    config.model.dropout_rate = config.model.readout_dropout_rate = 0.0
    return config
