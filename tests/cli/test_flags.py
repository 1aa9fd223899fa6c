"""What a command says to wrong flags and recipes: one line, exit code 2, before data are loaded."""

import pytest

from gtx.data.sources import SOURCES
from tests.cli import commands


@pytest.fixture(autouse=True)
def no_data(monkeypatch):
    for kind in SOURCES.values():
        monkeypatch.setattr(
            kind, "load_with_rejected", lambda self: pytest.fail("data were loaded")
        )


def refusal(capsys, name, *arguments):
    """The one line on standard error."""
    code = commands.run(name, *arguments)
    error = capsys.readouterr().err
    assert code == 2 and error.startswith("error: ") and error.count("\n") == 1, error
    return error


WRONG = [
    ("model.dim=7", "config.model.dim: 7 is not a multiple of num_heads 4"),
    ("model.dim=7.5", "config.model.dim: '7.5' is not allowed. Give an integer of at least 1"),
    ("model.remat=maybe", "config.model.remat: 'maybe' is not allowed. Give True or False"),
    ("optimizer.learning_rate=fast", "config.optimizer.learning_rate: 'fast' is not allowed"),
    ("optimizer.weight_decay=nan", "config.optimizer.weight_decay: nan is not allowed"),
    ("training.num_epochs=1e3", "config.training.num_epochs: '1e3' is not allowed"),
    ("training.select=foo", "config.training.select: there is no 'foo' among best, last"),
    ("model.pool=3", "config.model.pool: there is no '3' among max, mean, sum"),
    ("model.foo=3", "--config.model.foo: config.model has no field 'foo'"),
    ("modle.dim=3", "config has no field 'modle', did you mean 'model'"),
    ("encodings.rrwp.walk_length=5", "config.encodings has no field 'rrwp'; it has laplacian"),
    ("encodings.laplacian=3", "encodings.laplacian is a group of fields"),
    ("model=gps", "model is a group of fields. Set one of them: activation"),
    ("structures=foo", "structures is a group of fields. Give a dict"),
    ("seed.x=3", "config.seed has no field 'x'"),
    ("batch.num_shards=512", "config.batch.size: 8 graphs cannot be dealt evenly"),
    ("batch.size", "there is no value"),
]


@pytest.mark.parametrize(("override", "says"), WRONG, ids=[override for override, _ in WRONG])
@pytest.mark.parametrize("command", ["train", "describe"])
def test_a_wrong_override_is_one_line(command, override, says, tmp_path, capsys):
    where = [f"--workdir={tmp_path / 'run'}"] if command == "train" else []
    recipe = "--config=configs/smoke.py"
    assert says in refusal(capsys, command, *where, recipe, f"--config.{override}")
    assert not (tmp_path / "run").exists()


RECIPES = [
    ("def get_config(:\n", "line 1: SyntaxError"),
    ("from configs import smoke\n\ndef get_config():\n    return smoke.config()\n", "line 4: Attr"),
    (
        "from configs import smoke\n\n"
        "def get_config():\n    config = smoke.get_config()\n    config.model.dim = 'wide'\n"
        "    return config\n",
        "line 5: TypeError",
    ),
    ("x = 3\n", "defines no get_config()"),
    ("from configs.sweeps.csl import RECIPE, get_sweep\n", "It is a sweep"),
    (
        "from configs import smoke\n\n"
        "def get_config():\n    config = smoke.get_config()\n    config.model.width = 3\n"
        "    return config\n",
        "config.model.width: config.model.name 'gps' reads no such field",
    ),
]


@pytest.mark.parametrize(("text", "says"), RECIPES, ids=[says for _, says in RECIPES])
def test_a_recipe_that_is_wrong_is_one_line_with_its_place(text, says, tmp_path, capsys):
    path = tmp_path / "mine.py"
    path.write_text(text)
    assert says in refusal(capsys, "describe", f"--config={path}")


@pytest.mark.parametrize("path", ["nowhere.py", ""])
def test_a_recipe_that_is_not_there_is_one_line(path, capsys):
    assert f"--config={path}: there is no such file" in refusal(
        capsys, "describe", f"--config={path}", "--config.seed=3"
    )


def test_a_folder_without_a_run_is_no_recipe(capsys):
    assert "--config=configs: this folder holds no run" in refusal(
        capsys, "describe", "--config=configs", "--config.seed=3"
    )


SWEEPS = [
    ("x = 3\n", "defines no RECIPE"),
    ("RECIPE = 'configs/sweeps/csl.py'\ndef get_sweep():\n    return [{}]\n", "no get_config()"),
    ("RECIPE = 'configs/smoke.py'\nget_sweep = 1 / 0\n", "ZeroDivisionError"),
    (
        "RECIPE = 'configs/smoke.py'\n"
        "def get_sweep():\n    return [{'seed': 1}, {'model.dim': 7}]\n",
        "{'model.dim': 7}: config.model.dim: 7 is not a multiple",
    ),
]


@pytest.mark.parametrize(("text", "says"), SWEEPS, ids=[says for _, says in SWEEPS])
def test_a_sweep_is_refused_before_its_first_trial(text, says, tmp_path, capsys):
    path, workdir = tmp_path / "sweep.py", tmp_path / "run"
    path.write_text(text)
    assert says in refusal(capsys, "sweep", f"--config={path}", f"--workdir={workdir}")
    assert not workdir.exists()
    assert "no Python file" in refusal(
        capsys, "sweep", "--config=README.md", f"--workdir={workdir}"
    )
