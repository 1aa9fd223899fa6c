"""Every block of code in the docs runs, and every example learns."""

import importlib
import pathlib
import re
import runpy
import shlex
import subprocess

import pytest
from absl.flags import FlagValues

import gtx
from gtx import cli
from gtx.cli import datasets
from gtx.cli.exit_codes import EXIT_CODES
from gtx.data.sources import SOURCES

ROOT = pathlib.Path(__file__).parents[1]
PAGES = sorted((ROOT / "docs").glob("*.md"))
EXAMPLES = sorted((ROOT / "docs" / "examples").glob("*.py"))
LIBRARIES = dict(attention_equinox="equinox", attention_haiku="haiku")

pytestmark = pytest.mark.usefixtures("quick_compilation")


def blocks(page, kind):
    return re.findall(rf"^```{kind}\n(.*?)^```", page.read_text(), re.DOTALL | re.MULTILINE)


def commands(page):
    lines = "\n".join(blocks(page, "bash")).splitlines()
    return [line.split("#")[0].strip() for line in lines if line.split("#")[0].strip()]


def test_there_are_pages_and_examples():
    assert PAGES and len(EXAMPLES) >= 4


@pytest.fixture
def names_as_before():
    """Pages add to the dicts of names, which other tests read."""
    dicts = (
        gtx.data.sources.SOURCES,
        gtx.encodings.ENCODINGS,
        gtx.models.MODELS,
        gtx.nn.local.LOCAL,
        gtx.structures.STRUCTURES,
    )
    before = [dict(names) for names in dicts]
    yield
    for names, old in zip(dicts, before, strict=True):
        names.clear()
        names.update(old)


ALONE = [page for page in PAGES if page.stem not in ("molecules", "your_data")]


# Blocks of the others read what commands between them write: they have files of tests.
@pytest.mark.parametrize("page", ALONE, ids=lambda path: path.stem)
def test_the_blocks_of_a_page_run_one_after_the_other(page, names_as_before, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # some pages write files
    kinds = set(re.findall(r"^```(\w+)", page.read_text(), re.MULTILINE))
    assert kinds <= {"python", "bash"}, "a kind of block that is not tested here"
    names = {"__name__": page.stem}
    for number, code in enumerate(blocks(page, "python")):
        exec(compile(code, f"{page.name}, block {number}", "exec"), names)


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_the_commands_of_a_page_exist(page):
    for command in commands(page):
        program, *rest = shlex.split(command)
        if program == "make":
            done = subprocess.run(
                ["make", "--dry-run", *rest], cwd=ROOT, capture_output=True, text=True
            )
            assert done.returncode == 0, done.stderr
        elif program in ("sbatch", "gcloud"):
            _check_gtx(command[command.index("gtx ") :].rstrip("'"))
        elif program == "gtx":
            _check_gtx(command)
        elif program == "pip":
            assert rest[0] == "install", command
        else:
            assert (program, rest[0]) == ("python", "-m"), command
            path, *arguments = rest[1:]
            source = (ROOT / path.replace(".", "/")).with_suffix(".py").read_text()
            flags = [argument[2:].split("=")[0] for argument in arguments if argument[:2] == "--"]
            words = [argument for argument in arguments if argument[:2] != "--"]
            for name in [*flags, *words]:
                assert re.search(f'"(--)?{name}"', source), f"{path} knows no {name}"


def _check_gtx(command):
    """That a command has these flags, and that its recipe is a file, or is made before."""
    _, name, *arguments = shlex.split(command)
    values = FlagValues()
    importlib.import_module(f"gtx.cli.{name}").define(values)
    if name == "datasets":
        arguments = _without_words_of_datasets(arguments)
    elif name == "report":  # its words are folders of runs
        arguments = [argument for argument in arguments if argument[:2] == "--"]
    for argument in arguments:
        flag, _, value = argument.removeprefix("--").partition("=")
        assert flag in values or flag.startswith("config."), f"gtx {name} knows no --{flag}"
        if flag == "config" and not value.startswith("runs/"):
            assert (ROOT / value.partition(":")[0]).is_file(), argument


def _without_words_of_datasets(arguments):
    """The flags; the words before are an action, a source and its fields."""
    words = [argument for argument in arguments if argument[:2] != "--"]
    action, source, *fields = [*words, *["list", None][len(words) :]]
    assert action in datasets.ACTIONS, f"gtx datasets knows no {action}"
    assert source in {None, *SOURCES}, f"there is no source {source}"
    for field in fields:
        known = SOURCES[source].__dataclass_fields__
        assert field.partition("=")[0] in known, f"{source} has no field {field}"
    return [argument for argument in arguments if argument[:2] == "--"]


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_no_heading_stands_over_nothing(page):
    text = re.sub(r"^```.*?^```", "code", page.read_text(), flags=re.DOTALL | re.MULTILINE)
    parts = re.split(r"^(#+) (.*)$", text, flags=re.MULTILINE)[1:]
    sections = list(zip(parts[::3], parts[1::3], parts[2::3], strict=True))
    for (mark, heading, below), following in zip(sections, [*sections[1:], None], strict=True):
        deeper = following is not None and len(following[0]) > len(mark)
        assert below.strip() or deeper, f"nothing below the heading {heading!r}"


def test_examples_of_the_design_are_short():
    (page,) = (page for page in PAGES if page.stem == "design")
    assert all(len(code.splitlines()) < 60 for code in blocks(page, "python"))
    parts = re.findall(
        r"^### An? (.*?)\n(.*?)(?=^### |\Z)", page.read_text(), re.DOTALL | re.MULTILINE
    )
    kinds = ["layer", "encoding", "source", "structure", "model", "claim"]
    assert [kind for kind, _ in parts] == kinds
    assert all(text.count("```python") == 1 for _, text in parts)


def test_links_lead_somewhere():
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text()):
            assert target.startswith("https://") or (page.parent / target).exists(), target


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_learns(path, capsys):
    if path.stem in LIBRARIES:
        pytest.importorskip(LIBRARIES[path.stem], reason="needs the extra `examples`")
    runpy.run_path(str(path))  # it asserts that its loss falls
    assert re.search(r"loss \d\.\d\d -> \d\.\d\d", capsys.readouterr().out)


def test_the_page_of_commands_has_every_command_and_every_exit_code():
    text = (ROOT / "docs" / "commands.md").read_text()
    assert re.findall(r"^\| `gtx (\w+)` \|", text, re.MULTILINE) == list(cli.COMMANDS)
    codes = re.findall(r"^  (128 \+ n|\d)  ", EXIT_CODES, re.MULTILINE)
    assert re.findall(r"^\| (128 \+ n|\d) \|", text, re.MULTILINE) == codes and len(codes) == 5
