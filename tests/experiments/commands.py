"""Run a command of `experiments` in this process, with flags of its own."""

import importlib
import sys
import warnings

from absl import flags

from experiments import launch


def run(name: str, *arguments: str) -> int:
    """The exit code of `python -m experiments.<name> <arguments>`."""
    module = f"experiments.{name}"
    before, argv = set(flags.FLAGS), sys.argv
    sys.modules.pop(module, None)  # its flags are defined when it is imported
    sys.argv = [module, *arguments]  # ml_collections looks there for --config.field=value
    try:
        main = importlib.import_module(module).main
        with warnings.catch_warnings():
            # ml_collections loads config files in a way that Python 3.12 drops; it knows.
            warnings.filterwarnings("ignore", "the load_module", DeprecationWarning)
            rest = launch.parse(sys.argv)
        return launch.guard(main)(rest) or 0
    finally:
        sys.argv = argv
        for flag in set(flags.FLAGS) - before:
            delattr(flags.FLAGS, flag)
        flags.FLAGS.unparse_flags()
        sys.modules.pop(module, None)
