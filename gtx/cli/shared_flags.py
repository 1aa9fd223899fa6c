"""Flags of every command, and flags that several commands share."""

from absl import flags
from absl.flags import FlagValues


def define(values: FlagValues) -> None:
    """Define the flags of every command. They are read before its recipe."""
    flags.DEFINE_multi_string(
        "plugin", [], "A Python module that adds names of its own, such as my_package.my_layers; "
        "may be given again. A run that was trained with one needs it again.",
        flag_values=values,
    )  # fmt: skip
    flags.DEFINE_bool("help", False, "Show this, and do nothing else.", flag_values=values)


def define_workdir(values: FlagValues, what: str) -> None:
    """Define --workdir, a folder that must be given."""
    flags.DEFINE_string("workdir", None, what, required=True, flag_values=values)


def define_json(values: FlagValues, what: str) -> None:
    """Define --json, an output file for other programs."""
    text = f"Also write {what} to this file; - prints them as JSON, and nothing else."
    flags.DEFINE_string("json", "", text, flag_values=values)


def define_smiles_column(values: FlagValues) -> None:
    """Define which column of --input has the molecules."""
    flags.DEFINE_string(
        "smiles_column", None, "Column of --input; by default that of the training data.",
        flag_values=values,
    )  # fmt: skip


def define_reading(values: FlagValues) -> None:
    """Define how the molecules of --input are read."""
    define_smiles_column(values)
    flags.DEFINE_integer(
        "workers", None, "Processes that parse molecules and compute descriptors and encodings; "
        "by default one for each core if the file is large.",
        lower_bound=0, upper_bound=1024, flag_values=values,
    )  # fmt: skip
