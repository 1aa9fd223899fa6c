"""Reads recipes and sweeps, which are Python files, and reports the line of an error."""

import importlib.util
import os
import pathlib
import sys
import traceback
import types

from ml_collections import ConfigDict

from gtx.recipes.rules import ConfigError


def recipe(path: str | os.PathLike[str], argument: str = "") -> ConfigDict:
    """The result of get_config() of a file.

    Args:
      path: a Python file.
      argument: passed to get_config if it is not empty.

    Raises:
      ConfigError: names the file, and the line in it if there is one.
    """
    module = load(path)
    if not hasattr(module, "get_config"):
        sweep = hasattr(module, "get_sweep")
        what = "It is a sweep: give it to `gtx sweep`." if sweep else "Add it to the file."
        raise ConfigError(f"{path}: defines no get_config(). {what}")
    try:
        config = module.get_config(argument) if argument else module.get_config()
    except Exception as error:
        raise _located(path, error) from error
    if not isinstance(config, ConfigDict):
        raise ConfigError(
            f"{path}: get_config() returns {type(config).__name__}. Return a ConfigDict."
        )
    return config


def load(path: str | os.PathLike[str]) -> types.ModuleType:
    """Run a Python file as a module. It may import what a script in the same place could import.

    These are modules in its folder, or next to its package if the folder is one: configs/zinc.py
    may contain `from configs import base`, wherever the command runs. The current folder is
    searched last.

    Raises:
      ConfigError: names the file, and the line in it if there is one.
    """
    file = pathlib.Path(path).absolute()
    if not file.is_file():
        raise ConfigError(f"{path}: there is no such file.")
    spec = importlib.util.spec_from_file_location(file.stem, file)
    if spec is None or spec.loader is None:
        raise ConfigError(f"{path} is no Python file; its name must end in .py.")
    for place, folder in ((0, str(root_of(file))), (len(sys.path), os.getcwd())):
        if folder not in sys.path:
            sys.path.insert(place, folder)
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise _located(path, error) from error
    return module


def root_of(file: pathlib.Path) -> pathlib.Path:
    """The folder in which the imports of a file are searched: the parent of its outermost package.

    Without a package it is the folder of the file.
    """
    folder = file.absolute().parent
    while (folder / "__init__.py").is_file():
        folder = folder.parent
    return folder


def _located(path: str | os.PathLike[str], error: Exception) -> ConfigError:
    """An error in a file as a ConfigError, with the last line of the file that ran."""
    if isinstance(error, ConfigError):
        return ConfigError(f"{path}: {error}")
    lines = [
        frame.lineno
        for frame in traceback.extract_tb(error.__traceback__)
        if pathlib.Path(frame.filename) == pathlib.Path(path).absolute()
    ]
    if isinstance(error, SyntaxError):
        lines = [error.lineno]
    place = f", line {lines[-1]}" if lines else ""
    text = str(error).removesuffix(".")
    return ConfigError(f"{path}{place}: {type(error).__name__}: {text}. Mend the file.")
