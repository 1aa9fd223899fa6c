r"""Your own molecules: a CSV with a SMILES column and one or many targets.

    gtx train --config=configs/csv_molecules.py --workdir=runs/mine \
        --config.data.path=mine.csv --config.data.target=logS

Targets are separated by commas: `--config.data.target=logS,logP`; a name with a comma stands in
quotes: `--config.data.target='"log S, mol/L",logP'`. A cell may be empty: that
label is missing. Each target has scores of its own in metrics.json and in the table that is
printed.
`--config.data.kind=binary` (or multiclass, multilabel) classifies;
`--config.data.kind=mixed --config.data.kinds=regression,binary` has a kind for each target.
`--config.data.weights=weight` names a column of weights of the rows in the loss.
`--config.data.split=scaffold` keeps molecules of one Bemis-Murcko scaffold together, and
`--config.data.split=column` reads train, valid and test from the column `split`;
`--config.data.split=given --config.data.test_path=test.csv` has a file of its own for test.
`--config.data.folds=5` trains a model for each of five folds and tests it on that fold; with
`--config.data.split=scaffold` whole scaffolds are in one fold.
`--config.data.duplicates=mean` averages the values of a molecule that stands in several rows.
`--config.data.columns=temperature,solvent` names further columns that the model reads beside the
molecule: numbers, on the scale of the training part, and texts, which are categories;
`--config.data.categorical=plate` says whose numbers are categories too.
"""

from ml_collections import ConfigDict

from configs import solubility_gps


def get_config() -> ConfigDict:
    config = solubility_gps.get_config()
    config.data.name = "csv"
    config.data.path = "molecules.csv"
    config.data.smiles = "smiles"
    config.data.target = "target"
    config.data.kind = "regression"  # regression | binary | multiclass | multilabel | mixed
    config.data.kinds = ""  # of mixed: regression, binary or multiclass for each target
    config.data.weights = ""  # a column of weights of the rows in the loss
    config.data.split = "random"  # random | scaffold | column | given, with test_path
    config.data.folds = 0  # of random or scaffold: a model for each fold, tested on it; 0 for none
    config.data.split_column = "split"  # read for column; without valid it is taken out of train
    config.data.test_path = ""  # a second file with the same columns
    config.data.columns = ""  # further columns that the model reads, such as temperature,solvent
    config.data.categorical = ""  # those of them whose numbers are categories
    config.data.standardize = True  # their numbers, by the training molecules
    config.data.duplicates = "keep"  # keep | mean: one molecule with the mean of its values
    config.data.test_fraction = 0.1
    # What suits the kind: l1 and mae, cross entropy and ROC AUC or accuracy.
    config.task.loss = "auto"
    config.task.metric = "auto"
    config.baseline = False
    return config
