"""A directory is what its manifest says, under the name that it says, or is refused."""

import json
import os

import pytest

from gtx.training import manifest
from gtx.training.manifest import ManifestError, verify_directory, write_directory


def written(folder, name="step_00000005"):
    def fill(inside):
        (inside / "arrays").mkdir()
        (inside / "arrays" / "a").write_bytes(b"0123")
        (inside / "host.json").write_text("{}")

    write_directory(folder / name, fill)
    return folder / name


def forge(path, change):
    """The manifest with a change and the hash and spelling that belong to it."""
    file = path / manifest.MANIFEST
    content = json.loads(file.read_text())
    del content["sha256"]
    file.write_text(manifest._dump(change(content) or content))


def test_what_was_written_is_whole(tmp_path):
    verify_directory(written(tmp_path))


def test_a_manifest_of_the_first_schema_is_read(tmp_path):
    path = written(tmp_path)
    forge(path, lambda content: dict(schema=1, files=content["files"]))
    verify_directory(path)


def test_a_directory_under_another_name_is_refused_by_the_name_it_had(tmp_path):
    path = written(tmp_path)
    other = path.rename(tmp_path / "step_00000009")
    with pytest.raises(ManifestError, match="step_00000009 was written as 'step_00000005'"):
        verify_directory(other)
    verify_directory(other, name="step_00000005")


ENTRY = dict(bytes=4, sha256="0" * 64)
FORGED = {
    "files of another type": (lambda m: m.update(files=[]), "was altered"),
    "files of no type": (lambda m: m.update(files=None), "was altered"),
    "schema as text": (lambda m: m.update(schema="2"), "it is no manifest"),
    "schema as bool": (lambda m: m.update(schema=True), "it is no manifest"),
    "schema as float": (lambda m: m.update(schema=2.0), "it is no manifest"),
    "a later schema": (lambda m: m.update(schema=3), "schema 3; this version of gtx reads"),
    "negative schema": (lambda m: m.update(schema=-1), "schema -1"),
    "no schema": (lambda m: m.pop("schema") and None, "it is no manifest"),
    "no name": (lambda m: m.pop("name") and None, "was altered"),
    "name of another type": (lambda m: m.update(name=5), "was altered"),
    "a field more": (lambda m: m.update(more=1), "was altered"),
    "entry of another type": (lambda m: m["files"].update({"host.json": 3}), "entry of 'host"),
    "entry of nothing": (lambda m: m["files"].update({"host.json": None}), "entry of 'host"),
    "entry as list": (lambda m: m["files"].update({"host.json": [2, ""]}), "entry of 'host"),
    "size as text": (lambda m: m["files"]["host.json"].update(bytes="2"), "entry of 'host"),
    "size as bool": (lambda m: m["files"]["host.json"].update(bytes=True), "entry of 'host"),
    "size as float": (lambda m: m["files"]["host.json"].update(bytes=2.0), "entry of 'host"),
    "negative size": (lambda m: m["files"]["host.json"].update(bytes=-1), "instead of -1"),
    "huge size": (lambda m: m["files"]["host.json"].update(bytes=2**70), "instead of 118059"),
    "hash of another type": (
        lambda m: m["files"]["host.json"].update(sha256=7),
        "entry of 'host",
    ),
    "another hash": (lambda m: m["files"]["host.json"].update(sha256="0" * 64), "sha256 differs"),
    "no hash": (lambda m: m["files"]["host.json"].pop("sha256") and None, "entry of 'host"),
    "outside": (lambda m: m["files"].update({"../secret": ENTRY}), r"lacks '../secret'"),
    "absolute": (lambda m: m["files"].update({"/etc/passwd": ENTRY}), "lacks '/etc/passwd'"),
    "roundabout": (lambda m: m["files"].update({"arrays/../host.json": ENTRY}), "lacks 'arrays/.."),
    "no path": (lambda m: m["files"].update({"": ENTRY}), "lacks ''"),
    "a folder": (lambda m: m["files"].update({"arrays": ENTRY}), "lacks 'arrays'"),
    "NUL": (lambda m: m["files"].update({"a\0b": ENTRY}), "lacks"),
    "a file too few": (lambda m: m["files"].pop("host.json") and None, "is not in the manifest"),
}


@pytest.mark.parametrize("case", FORGED)
def test_a_forged_manifest_is_refused_and_nothing_outside_is_looked_at(tmp_path, case):
    change, message = FORGED[case]
    (tmp_path / "secret").write_bytes(b"0123")
    path = written(tmp_path)
    forge(path, change)
    with pytest.raises(ManifestError, match=message):
        verify_directory(path)


@pytest.mark.parametrize(
    "text", ["", "[]", "null", "3", "{", "[" * 100_000, "\xff", '{"schema": 2}', "9" * 5000]
)
def test_what_is_no_manifest_is_refused(tmp_path, text):
    path = written(tmp_path)
    (path / manifest.MANIFEST).write_text(text, encoding="latin-1")
    with pytest.raises(ManifestError, match=manifest.MANIFEST):
        verify_directory(path)


def test_a_huge_manifest_is_not_read(tmp_path):
    path = written(tmp_path)
    with (path / manifest.MANIFEST).open("r+b") as file:
        file.truncate(2**40)  # takes no room
    with pytest.raises(ManifestError, match="more than"):
        verify_directory(path)


def test_links_are_refused(tmp_path):
    path = written(tmp_path)
    (path / "host.json").rename(tmp_path / "host.json")
    (path / "host.json").symlink_to(tmp_path / "host.json")
    with pytest.raises(ManifestError, match=r"host.json is a link"):
        verify_directory(path)
    (path / "host.json").unlink()
    (tmp_path / "host.json").rename(path / "host.json")
    verify_directory(path)
    os.rename(path / "arrays", tmp_path / "arrays")
    (path / "arrays").symlink_to(tmp_path / "arrays", target_is_directory=True)
    with pytest.raises(ManifestError, match=r"arrays is a link"):
        verify_directory(path)
    (path / "arrays").unlink()
    os.rename(tmp_path / "arrays", path / "arrays")
    (path / "loop").symlink_to(path, target_is_directory=True)
    with pytest.raises(ManifestError, match=r"loop is a link"):
        verify_directory(path)
