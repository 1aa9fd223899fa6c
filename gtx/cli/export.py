"""Export a trained model: as programs that run without gtx, and as safetensors.

    gtx export --workdir=runs/solubility_gps --output=exported
    gtx export --workdir=runs/solubility_gps --output=weights --format=safetensors

The folder has program_*.stablehlo, the model with its parameters, which jax runs alone on CPUs,
CUDA GPUs and TPUs (`jax.export.deserialize`); export.json, their inputs; model.safetensors and
model.json, from which `gtx.export.load` builds the module again; and recipe.json. It stands in
place of the folder of a run for `gtx predict`, `gtx embed` and `config.init_from`.
`gtx.export.Served` makes the inputs of the programs from molecules and graphs.

A model that runs over edges alone is one program for graphs of every size. One that reads all pairs
of nodes is a program for each of --sizes.
"""

import pathlib

from absl import flags
from absl.flags import FlagValues

from gtx.cli import shared_flags
from gtx.cli.reading import UsageError
from gtx.cli.waiting import waiting
from gtx.export.folder import FORMATS, write
from gtx.training.members import member_folders


def define(values: FlagValues) -> None:
    shared_flags.define_workdir(values, "Folder of the run, or of one of its seeds.")
    flags.DEFINE_string("output", None, "Folder to make.", required=True, flag_values=values)
    flags.DEFINE_multi_enum(
        "format", list(FORMATS), list(FORMATS), "What to write; may be given again.",
        flag_values=values,
    )  # fmt: skip
    flags.DEFINE_multi_integer(
        "sizes", [], "Nodes of the largest graph of a program; may be given again. By default "
        "powers of two up to the largest graph of the training data.",
        lower_bound=1, upper_bound=2**16, flag_values=values,
    )  # fmt: skip
    flags.DEFINE_integer(
        "graphs", 16, "Graphs in a batch of such a program.",
        lower_bound=1, upper_bound=2**16, flag_values=values,
    )  # fmt: skip


def main(values: FlagValues) -> None:
    folders = member_folders(pathlib.Path(values.workdir))
    if len(folders) > 1:
        raise UsageError(
            f"{values.workdir} is an ensemble, and a model is exported alone. Give the folder of "
            f"one of its members: {', '.join(map(str, folders))}."
        )
    with waiting("compiling and writing..."):
        said = write(
            values.workdir,
            values.output,
            formats=values.format,
            sizes=values.sizes,
            num_graphs=values.graphs,
        )
    files = [entry["file"] for entry in said.get("programs", ())]
    files += ["model.safetensors"] if "safetensors" in values.format else []
    print(f"in {values.output}: {', '.join(files)}; export.json says what they read.")
