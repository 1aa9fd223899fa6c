"""Files that people write: what they may import, and where an error in one is."""

import pytest

from gtx.recipes import ConfigError, files


def test_imports_start_at_the_folder_of_the_outermost_package(tmp_path):
    inner = tmp_path / "clone" / "configs" / "sweeps"
    inner.mkdir(parents=True)
    assert files.root_of(inner / "one.py") == inner
    (inner / "__init__.py").touch()
    assert files.root_of(inner / "one.py") == inner.parent
    (inner.parent / "__init__.py").touch()
    assert files.root_of(inner / "one.py") == tmp_path / "clone"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("x = 1\n\ny = x / 0\n", "one.py, line 3: ZeroDivisionError: division by zero. Mend"),
        ("import json\njson.loads('{')\n", "one.py, line 2: JSONDecodeError: "),
        ("x = (\n", "one.py, line 1: SyntaxError: "),
        ("import nowhere_to_be_found\n", "one.py, line 1: ModuleNotFoundError: "),
        ("from gtx.recipes import ConfigError\nraise ConfigError('no.')\n", "one.py: no."),
    ],
)
def test_what_goes_wrong_in_a_file_is_told_with_its_line(text, says, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)  # which gives the path back as it was
    path = tmp_path / "one.py"
    path.write_text(text)
    with pytest.raises(ConfigError) as error:
        files.load(path)
    assert str(error.value).startswith(f"{tmp_path}/{says}")


@pytest.mark.parametrize(
    ("name", "says"), [("nowhere.py", "no such file"), ("recipe.txt", "is no Python file")]
)
def test_what_is_no_file_of_python_is_named(name, says, tmp_path):
    (tmp_path / "recipe.txt").touch()
    with pytest.raises(ConfigError, match=says):
        files.load(tmp_path / name)
