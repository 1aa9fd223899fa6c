"""Show what the atoms of molecules, or the nodes of graphs, contribute to a prediction.

    gtx explain --workdir=runs/solubility_gps --smiles='CC(=O)Oc1ccccc1C(=O)O'
    gtx explain --workdir=runs/solubility_gps --smiles=CCO --smiles=CCN --output=pair
    gtx explain --workdir=runs/mine --input=new.csv
    gtx explain --workdir=runs/mine --input=new_graphs --target=ring

Of molecules the folder --output gets a picture of each molecule and target (PNG and SVG), atoms.csv
and molecules.csv. Of two molecules it also gets pictures and a table of the pair: which atoms they
have in common, and how the contributions differ. Of other graphs it gets nodes.csv, edges.csv and
graphs.csv, and pictures of the first predictions.

The contributions of integrated gradients add up to the prediction minus that of a baseline: the
same molecule with mean features of the training part at all atoms and bonds (--baseline=mean), with
features of 0 (zero), or with the classes of an unknown atom and bond (unknown). Leaving out one
atom (or node, or edge) after the other is the check. Attention rollout says where the model looks.
Of a class the log-odds are explained. Of a run of several seeds each number is a mean, with a
deviation.
"""

import pathlib
from typing import Any

from absl import flags
from absl.flags import FlagValues

from gtx import Predictor
from gtx.cli import explain_graphs, explain_molecules, shared_flags
from gtx.cli.explanations import BASELINES, METHODS
from gtx.cli.predict_molecules import are_molecules
from gtx.cli.reading import UsageError
from gtx.cli.refusals import refuse_folds
from gtx.cli.warning_lines import as_lines
from gtx.explain import ExplainWarning


def define(values: FlagValues) -> None:
    shared_flags.define_workdir(values, "Folder of the run.")
    flags.DEFINE_multi_string("smiles", [], "A molecule; may be given again.", flag_values=values)
    flags.DEFINE_string(
        "input", None, "CSV file of molecules, with the further columns that the model reads; for "
        "other models a file or folder of graphs.",
        flag_values=values,
    )  # fmt: skip
    flags.DEFINE_string(
        "output", None, "Folder to write; by default `explained` in that of the run.",
        flag_values=values,
    )  # fmt: skip
    shared_flags.define_smiles_column(values)
    flags.DEFINE_multi_string(
        "target", [], "A target or class; may be given again. By default all.", flag_values=values
    )
    flags.DEFINE_multi_enum(
        "method", None, METHODS, "How to explain; may be given again. By default integrated "
        "gradients, and for molecules leave_one_out. The first one is drawn. leave_one_edge_out is "
        "for graphs that are no molecules.", flag_values=values,
    )  # fmt: skip
    flags.DEFINE_integer(
        "pictures", None, "How many predictions are drawn, from the first on; by default all "
        f"molecules, and {explain_graphs.PICTURES} predictions for other graphs.",
        lower_bound=0, flag_values=values,
    )  # fmt: skip
    flags.DEFINE_enum(
        "baseline", "mean", BASELINES, "Where integrated gradients begin.", flag_values=values
    )


def main(values: FlagValues) -> int:
    if bool(values.smiles) == bool(values.input):
        raise UsageError("give either --smiles or --input.")
    predictor = Predictor.load(values.workdir)
    refuse_folds(values.workdir, "the models of folds read features on scales of their own")
    molecules = are_molecules(predictor, values.input)
    if values.smiles and not molecules:
        raise UsageError(
            "the graphs of this model are no molecules. Give a file of graphs: --input."
        )
    if values.smiles and predictor.columns:
        raise UsageError(
            f"this model also reads the columns {list(predictor.columns)}, which --smiles does not "
            "give. Write them and the SMILES to a CSV file: --input."
        )
    if values.baseline == "unknown" and not molecules:
        raise UsageError("--baseline=unknown is for molecules. Give mean or zero.")
    if molecules and "leave_one_edge_out" in (values.method or ()):
        raise UsageError(
            "--method=leave_one_edge_out is for graphs that are no molecules. Give leave_one_out; "
            "in Python gtx.explain.Explainer.leave_one_edge_out leaves bonds out."
        )
    if values.smiles_column is not None and not (molecules and values.input):
        raise UsageError("--smiles_column is that of a CSV file of molecules. Leave it out.")
    output = pathlib.Path(values.output or pathlib.Path(values.workdir) / "explained")
    default = ["gradients", "leave_one_out"] if molecules else ["gradients"]
    options: dict[str, Any] = dict(
        targets=values.target,
        methods=list(dict.fromkeys(values.method or default)),
        baseline=values.baseline,
    )
    if values.pictures is not None:
        options["pictures"] = values.pictures
    with as_lines(ExplainWarning):
        if molecules:
            given = explain_molecules.of_flags(values.smiles)
            if values.input:
                given = explain_molecules.of_file(predictor, values.input, values.smiles_column)
            return explain_molecules.write(predictor, given, output, **options)
        return explain_graphs.write(predictor, values.input, output, **options)
