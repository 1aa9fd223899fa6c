"""Commands may share names of flags, and run in one process all the same, in any order."""

from absl.flags import FLAGS

from tests.experiments import commands


def test_commands_with_flags_of_one_name_do_not_meet():
    with commands.imported("predict") as predict:
        assert FLAGS["output"].help == "CSV file to write."
        with commands.imported("figures.encodings") as figures:
            assert FLAGS["output"].help == "Folder of the pictures."
        assert FLAGS["output"].help == "CSV file to write."
        assert figures.main and predict.main
    assert "smiles_column" not in FLAGS
