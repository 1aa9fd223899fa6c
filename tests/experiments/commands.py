"""Commands of `experiments` in this process, with flags of their own."""

import contextlib
import importlib
import sys
import types
import warnings
from collections.abc import Iterator

from absl.flags import FLAGS

from experiments import launch


@contextlib.contextmanager
def imported(name: str) -> Iterator[types.ModuleType]:
    """`experiments.<name>`, and of all commands' flags none but its own.

    Two commands may have flags of one name; a process may not. So the flags of every command that
    was imported before, by whatever test, are put away meanwhile.
    """
    module = f"experiments.{name}"
    away = [
        (owner, flag)
        for owner, found in FLAGS.flags_by_module_dict().items()
        if owner.startswith("experiments.")
        for flag in found
    ]
    for _, flag in away:
        delattr(FLAGS, flag.name)
    before, loaded = set(FLAGS), sys.modules.pop(module, None)
    try:
        yield importlib.import_module(module)  # its flags are defined when it is imported
    finally:
        for flag in set(FLAGS) - before:
            delattr(FLAGS, flag)
        FLAGS.unparse_flags()
        for owner, flag in away:
            FLAGS[flag.name] = flag
            FLAGS.register_flag_by_module(owner, flag)
        sys.modules.pop(module, None)
        if loaded is not None:
            sys.modules[module] = loaded


def run(name: str, *arguments: str) -> int:
    """The exit code of `python -m experiments.<name> <arguments>`."""
    argv = sys.argv
    with imported(name) as command:
        sys.argv = [command.__name__, *arguments]  # ml_collections looks there for --config.x=y
        try:
            with warnings.catch_warnings():
                # ml_collections loads config files in a way that Python 3.12 drops; it knows.
                warnings.filterwarnings("ignore", "the load_module", DeprecationWarning)
                rest = launch.parse(sys.argv)
            return launch.guard(command.main)(rest) or 0
        finally:
            sys.argv = argv
