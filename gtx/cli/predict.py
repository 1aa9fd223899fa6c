"""Predict for molecules, or for your own graphs, with a trained model.

    gtx predict --workdir=runs/solubility_gps --smiles=CCO --smiles=c1ccccc1
    gtx predict --workdir=runs/solubility_gps --input=molecules.csv --output=predictions.csv
    gtx predict --workdir=runs/mine --input=new_graphs --output=predictions.csv

The output has columns `<target>_predicted`, in the target's unit or as a probability; for several
classes `class_predicted` and `<class>_probability`. The folder of a run of several seeds, or of
folds, is an ensemble: these are means over its members, and `<target>_std` (or `<class>_std`)
beside them is the standard deviation between members. --interval=0.9 adds `<target>_lower` and
`<target>_upper`, which hold the measured value for 90 % of new targets like those of the training
data, or for classes `<target>_set`. --calibrated adds `<target>_calibrated` to probabilities. Both
are fitted to the validation part; of folds, to what each model did not see. --similarity adds
`train_similarity` and `train_nearest`, the most similar molecule of the training part and the
Tanimoto similarity to it, and `train_distance`, the share of validation graphs that are as near to
the training part in the vectors of the model: 1 is farther than all.

For a model of molecules --input is a CSV file. The output begins with all of its rows and columns
in their order, including blank rows. The last column, `error`, gives the reason if a row has no
prediction. Files of millions of molecules are predicted in constant memory, a part at a time. A
command that was stopped goes on where it was when it is given again.

For a model of other graphs --input is a file or folder in the form of the training data. The output
begins with the graph (and the node, edge or pair) of each prediction.
"""

from absl import flags
from absl.flags import FlagValues

from gtx import Predictor
from gtx.cli import (
    calibration,
    predict_graphs,
    predict_molecules,
    predicted_table,
    shared_flags,
    similarity,
)
from gtx.cli.exit_codes import NOT_ALL
from gtx.cli.predicted_columns import columns
from gtx.cli.reading import UsageError
from gtx.cli.waiting import waiting
from gtx.data.molecules import from_smiles


def define(values: FlagValues) -> None:
    shared_flags.define_workdir(values, "Folder of the run.")
    flags.DEFINE_multi_string("smiles", [], "A molecule; may be given again.", flag_values=values)
    flags.DEFINE_string(
        "input", None, "CSV file of molecules; or a file or folder of graphs, as in training.",
        flag_values=values,
    )  # fmt: skip
    flags.DEFINE_string("output", None, "CSV file to write.", flag_values=values)
    shared_flags.define_reading(values)
    flags.DEFINE_float(
        "interval", None, "Coverage, such as 0.9: adds intervals that hold the measured value, or "
        "sets that hold the class, with this probability.", flag_values=values,
    )  # fmt: skip
    flags.DEFINE_bool(
        "calibrated", False, "Add probabilities that are as often right as they say.",
        flag_values=values,
    )  # fmt: skip
    flags.DEFINE_bool(
        "similarity", False, "Add how alike the molecule or graph and the training part are.",
        flag_values=values,
    )  # fmt: skip


def main(values: FlagValues) -> int:
    if bool(values.smiles) == bool(values.input):
        raise UsageError("give either --smiles or --input.")
    if bool(values.input) != bool(values.output):
        raise UsageError("--input and --output go together.")
    if values.interval is not None and not 0 < values.interval < 1:
        raise UsageError(f"--interval={values.interval:g} is not above 0 and below 1.")
    predictor = Predictor.load(values.workdir)
    if values.smiles and predictor.columns:
        raise UsageError(
            f"this model also reads the columns {list(predictor.columns)}, which --smiles does not "
            "give. Write them and the SMILES to a CSV file: --input and --output."
        )
    further = calibration.asked(predictor, values.workdir, values.interval, values.calibrated)
    part = similarity.training_part(predictor, values.workdir) if values.similarity else None
    if values.input and not predict_molecules.are_molecules(predictor, values.input):
        if values.smiles_column is not None:
            raise UsageError("--input is no CSV file of molecules. Leave out --smiles_column.")
        return predict_graphs.predict_file(predictor, values.input, values.output, further, part)
    if values.input:
        return predict_molecules.predict_file(
            predictor, values.input, values.output, values.smiles_column, values.workers, further,
            part,
        )  # fmt: skip
    names = [f"--smiles {place + 1}" for place in range(len(values.smiles))]
    with predict_molecules.warnings_as_lines(names), waiting("compiling and predicting..."):
        predictions, errors = predictor.smiles_by_member(values.smiles)
        found = columns(predictor.task.label, predictions, further)
        if part is not None:
            dataset, _ = from_smiles(values.smiles, features=predictor.features)
            found |= part.cells(dataset, len(values.smiles))
    predicted_table.show(values.smiles, found, errors)
    return NOT_ALL if errors else 0
