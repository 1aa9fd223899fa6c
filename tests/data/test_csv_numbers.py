"""Cells that are no numbers are refused with what to write in their place."""

import logging

import numpy as np
import pytest

from gtx.data import CsvError, csv_source
from gtx.data.csv_numbers import advice, with_point


def write(path, cells, header="y"):
    rows = [f'{"C" * (place + 1)},"{cell}"' for place, cell in enumerate(cells)]
    path.write_text("\n".join([f'smiles,"{header}"', *rows, ""]), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("cell", "numbers"),
    [
        ("3,25", ("3.25",)), ("-0,5", ("-0.5",)), ("1,5e-3", ("1.5e-3",)), ("1234,5", ("1234.5",)),
        ("1.234,5", ("1234.5",)), ("1,234.5", ("1234.5",)), ("1,234,567", ("1234567",)),
        ("1,234", ("1.234", "1234")), ("0,125", ("0.125", "0125")), ("1234,567", ("1234.567",)),
        ("3.25", ()), ("a,b", ()), ("1,2;3", ()), (",5", ()), ("", ()),
    ],
)  # fmt: skip
def test_what_a_number_with_commas_may_mean(cell, numbers):
    assert with_point(cell) == numbers
    assert all(np.isfinite(float(number)) for number in numbers)


@pytest.mark.parametrize(
    ("cell", "says"),
    [
        ("3,25", "Write 3.25: a decimal point"),
        ("1,234", "It is 1.234 or 1234, depending on what the comma means. Write one."),
        ("0,125", "Write 0.125: a decimal point"),
        (">100", "It is a limit, and only measured values can be learned. Leave the cell empty, or "
                 "write 100 if that is near enough."),
        ("> 1000", "write 1000 if"), ("<=0,1", "write 0.1 if"), ("≥5", "write 5 if"),
        ("~5", "Write the value alone: 5."), ("5 ± 1", "Write the value alone: 5."),
        ("5,2+/-1", "Write the value alone: 5.2."), ("ca. 7", "Write the value alone: 7."),
        ("1 - 2", "It is a range."), ("12 mg/mL", "Write the number alone, 12. A unit"),
        ("45%", "Write the number alone, 45."), ("BLQ", ""), ("n.d.", ""), ("inf", ""),
    ],
)  # fmt: skip
def test_advice_says_what_to_write(cell, says):
    found = advice(cell)
    assert says in found and bool(found) == bool(says)


def test_a_chemist_is_told_of_all_cells_at_once(tmp_path):
    path = write(tmp_path / "mine.csv", ["1.5", ">100", "", "< 2", "NA", "n.d.", "3"])
    with pytest.raises(CsvError) as caught:
        csv_source.load(path, target_columns="y")
    assert str(caught.value) == (
        "mine.csv: row 3, column 'y' holds '>100'. It must be a finite number, or empty if the "
        "label is missing. It is a limit, and only measured values can be learned. Leave the cell "
        "empty, or write 100 if that is near enough. 2 more cells of this column hold no number "
        "either, in rows 5, 7."
    )
    with pytest.raises(CsvError, match=r"Write 1\.5: a .* 1 more holds no number either, in row 4"):
        csv_source.load(write(path, ["1", "1,5", "2,5"]), target_columns="y")


def test_a_column_with_decimal_commas_is_no_column_of_categories(tmp_path):
    path = write(tmp_path / "mine.csv", ["25", "37,5", ""], "T [°C]")
    table = csv_source.read(path)
    with pytest.raises(CsvError, match=r"row 3, column 'T \[°C\]' holds '37,5'. Write 37.5: a dec"):
        csv_source.columns_of(table, ("T [°C]",), ())
    assert csv_source.columns_of(table, ("T [°C]",), ("T [°C]",))["T [°C]"].sizes == (2,)
    mixed = csv_source.read(write(path, ["1,2", "a,b"], "where"))
    assert csv_source.columns_of(mixed, ("where",), ())["where"].names == (("1,2", "a,b"),)


def test_names_with_commas_are_shown_in_quotes(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text('smiles,"S, 25 °C [µg/mL]","% ""hERG"", 10 µM",logD\nC,1,2,3\n', "utf-8")
    table = csv_source.read(path)
    with pytest.raises(CsvError) as caught:
        csv_source.target_names(table, 'S, 25 °C [µg/mL],logD,% "hERG", 10 µM')
    quoted = '"S, 25 °C [µg/mL]",logD,"% ""hERG"", 10 µM"'
    assert str(caught.value).endswith(f"Put a name with commas into double quotes: {quoted}.")
    assert csv_source.target_names(table, quoted) == (
        "S, 25 °C [µg/mL]", "logD", '% "hERG", 10 µM',
    )  # fmt: skip
    with pytest.raises(CsvError, match="--config.data.smiles="):
        csv_source.load(path, smiles_column="SMILES", target_columns="logD")


def test_targets_over_orders_of_magnitude_are_named(tmp_path, caplog):
    values = 10 ** np.linspace(-2, 3, 40)
    caplog.set_level(logging.WARNING)
    csv_source.load(write(tmp_path / "a.csv", values.round(6)), target_columns="y")
    (line,) = caplog.messages
    assert line.startswith("a.csv: column 'y' has values from 0.01 to 1e+03. A few large ones")
    for others in (values[:12], np.log10(values), np.linspace(0.1, 90, 40)):
        csv_source.load(write(tmp_path / "a.csv", others.round(6)), target_columns="y")
    assert len(caplog.messages) == 1
