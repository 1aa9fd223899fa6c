"""Plugins: modules of users that add entries to the dicts of names.

A plugin is a Python module that adds its own objects to the dicts of gtx when it is imported:

    gtx.nn.local.LOCAL["mine"] = MyLayer

`gtx train --plugin=my_package.my_module` imports it, and so does `import my_package.my_module`. A
recipe names its plugins in `config.plugins`. If they are not imported, the recipe is refused. gtx
never imports them by itself, because a checkpoint is data and must not decide which code runs.
"""

import importlib
import os
import sys
from collections.abc import Iterable

from gtx.recipes.rules import ConfigError


def load(names: Iterable[str]) -> None:
    """Import plugins from Python's search path or from the current folder.

    Raises:
      ConfigError: there is no such module, or its import fails; the message names it.
    """
    for name in names:
        if os.getcwd() not in sys.path:
            sys.path.append(os.getcwd())  # the console script `gtx` does not look there
        try:
            importlib.import_module(name)
        except ModuleNotFoundError as error:
            # Another missing module than the plugin or its package: an import inside the plugin.
            if error.name is None or not f"{name}.".startswith(f"{error.name}."):
                raise ConfigError(
                    f"--plugin={name}: it needs {error.name!r}, which is not installed."
                ) from error
            raise ConfigError(
                f"--plugin={name}: there is no module {error.name!r}. Give the name that `import` "
                "takes, and run where it is found, or set PYTHONPATH."
            ) from error
        except Exception as error:
            text = " ".join(str(error).split()).removesuffix(".")
            raise ConfigError(
                f"--plugin={name}: importing it fails: {type(error).__name__}: {text}."
            ) from error


def check(names: Iterable[str]) -> None:
    """Raise a ConfigError that names the plugins of a recipe that are not imported."""
    missing = [name for name in names if name not in sys.modules]
    if missing:
        flags = " ".join(f"--plugin={name}" for name in missing)
        raise ConfigError(
            f"config.plugins: {', '.join(map(repr, missing))} is not imported, and nothing is "
            f"imported because a recipe says so. If you trust it, add {flags} to the command, or "
            "import it first in Python."
        )
