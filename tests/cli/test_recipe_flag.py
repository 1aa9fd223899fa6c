"""--config: a file anywhere, or the folder of a run."""

import shutil

import pytest
from absl.flags import FlagValues

from gtx.cli import reading, recipe_flag, shared_flags
from gtx.recipes import ConfigError


def read(*arguments):
    values = FlagValues()
    shared_flags.define(values)
    recipe_flag.define(values)
    reading.read("gtx x", values, arguments)
    return values.config


def test_the_recipe_of_a_run_is_the_one_that_it_was_trained_with(trained_run):
    config = read(f"--config={trained_run.workdir}", "--config.data.descriptors=('MolWt',)")
    assert config.data.descriptors == ("MolWt",) and trained_run.config.data.descriptors == ()
    config.data.descriptors = ()
    assert config.to_dict() == trained_run.config.to_dict()


def test_a_run_that_has_no_best_parameters_yet_has_a_recipe(trained_run, tmp_path):
    shutil.copytree(trained_run.workdir, tmp_path / "run")
    shutil.rmtree(tmp_path / "run" / "checkpoints" / "best")
    assert read(f"--config={tmp_path / 'run'}").model.dim == trained_run.config.model.dim


def test_a_damaged_run_is_named(trained_run, tmp_path):
    shutil.copytree(trained_run.workdir, tmp_path / "run")
    for path in (tmp_path / "run" / "checkpoints").glob("*/recipe.json"):
        path.write_text("{}")
    with pytest.raises(ConfigError, match=r"no run whose recipe can be read \(.*recipe.json"):
        read(f"--config={tmp_path / 'run'}")


RECIPE = """\
from ml_collections import ConfigDict

from {package} import shared


def get_config(size="3"):
    return ConfigDict(dict(size=int(size), rate=shared.RATE, deep=True, name="x", sizes=(1, 2)))
"""


@pytest.fixture
def recipe(tmp_path, monkeypatch):
    """A recipe in a package of its own, and the command runs elsewhere."""
    package = tmp_path / "clone" / "my_recipes"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "shared.py").write_text("RATE = 0.5\n")
    (package / "mine.py").write_text(RECIPE.format(package="my_recipes"))
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    monkeypatch.syspath_prepend(tmp_path)  # which gives the path back as it was
    return package / "mine.py"


def test_a_recipe_imports_what_lies_beside_its_package_wherever_the_command_runs(recipe):
    assert read(f"--config={recipe}").rate == 0.5


def test_fields_are_changed_in_every_spelling_of_a_flag(recipe):
    config = read(
        "--config.size", "7", f"--config={recipe}:5", "--config.rate=1e-3", "--noconfig.deep",
        "--config.name=a=b", "--config.sizes=(4,)",
    )  # fmt: skip
    assert (config.size, config.rate, config.deep) == (7, 1e-3, False)
    assert (config.name, config.sizes) == ("a=b", (4,))
    assert read("--config", f"{recipe}:5", "--config.deep").size == 5
    assert config.is_locked


def test_a_recipe_that_returns_something_else_is_named(recipe):
    recipe.write_text("def get_config():\n    return {}\n")
    with pytest.raises(ConfigError, match=r"mine.py: get_config\(\) returns dict. Return a Config"):
        read(f"--config={recipe}")
