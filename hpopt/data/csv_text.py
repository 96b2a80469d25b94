"""What kind of text a CSV file is: its encoding, delimiter and decimal sign, found by looking."""

from __future__ import annotations

import csv
import gzip
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from hpopt.data.encodings import encoding_of
from hpopt.errors import DataError, Location, closest

_DELIMITERS = (",", ";", "\t", "|")
_HEAD_BYTES = 1 << 18
_OTHER_FORMATS = {
    b"PK\x03\x04": ("an Excel workbook or a zip archive", "save the sheet as CSV, or unpack it"),
    b"\xd0\xcf\x11\xe0": ("an Excel workbook", "save the sheet as CSV"),
    b"PAR1": ("a Parquet file", "write `source: parquet`"),
    b"\x93NUMPY": ("a NumPy array", "write `source: npy`"),
    b"\x89HDF": ("an HDF5 file", "save the table as CSV"),
    b"%PDF": ("a PDF", "save the table as CSV"),
    b"BZh": ("compressed by bzip2", "unpack it, or use gzip"),
    b"\xfd7zXZ": ("compressed by xz", "unpack it, or use gzip"),
    b"\x28\xb5\x2f\xfd": ("compressed by zstd", "unpack it, or use gzip"),
}
_GZIP = b"\x1f\x8b"
_COMMA_DECIMAL = re.compile(r"\s*[-+]?\d+(\.\d{3})*,\d+\s*")
_COMMA_GROUPS = re.compile(r"\s*[-+]?[1-9]\d{0,2}(,\d{3})+\s*")
_GROUPS = re.compile(r"\s*[-+]?[1-9]\d{0,2}(\.\d{3})+\s*")
_POINT_DECIMAL = re.compile(r"\s*[-+]?\d+\.\d+\s*")


@dataclass(frozen=True)
class CsvText:
    """How the text of a CSV file is to be read."""

    path: Path
    encoding: str
    delimiter: str
    decimal: str
    header: tuple[str, ...]
    is_gzip: bool
    errors: str = "strict"  # what is done about bytes that are none of the encoding
    notes: tuple[str, ...] = ()  # what people should know of the encoding

    def open(self) -> IO[str]:
        """The text, with line ends as they are."""
        return _open(self.path, self.is_gzip, self.encoding, self.errors)

    def records(self) -> Iterator[tuple[int, list[str]]]:
        """Each record with the line that it begins on, from 1; blank lines are none."""
        with self.open() as text:
            reader = csv.reader(text, delimiter=self.delimiter, skipinitialspace=True)
            line = 1
            for fields in reader:
                if any(fields) or len(fields) > 1:
                    yield line, fields
                line = reader.line_num + 1

    def location(self, line: int) -> Location:
        """A line of the file, with its text."""
        with self.open() as text:
            for number, content in enumerate(text, start=1):
                if number == line:
                    return Location(str(self.path), line, text=_printable(content))
        return Location(str(self.path), line)


def look_at(path: Path, encoding: str | None = None, expected: str | None = None) -> CsvText:
    """Look at a CSV file, in this encoding if it is given, or likely in the `expected` one.

    Raises DataError where it is none, with the line where one is at fault.
    """
    _check_there(path)
    with path.open("rb") as binary:
        is_gzip = binary.read(2) == _GZIP
    found = encoding_of(path, is_gzip, encoding, expected)
    with _open(path, is_gzip, found.name, found.errors) as text:
        head = text.read(_HEAD_BYTES)
    if not head.strip():
        raise DataError(f"{path} is empty")
    _check_first_line(path, head)
    delimiter, records = _delimiter(head)
    _check_header(path, records)
    return CsvText(
        path,
        found.name,
        delimiter,
        decimal="," if _has_decimal_commas(records, delimiter) else ".",
        header=tuple(name.strip() for name in records[0]),
        is_gzip=is_gzip,
        errors=found.errors,
        notes=found.notes,
    )


def check_file(path: Path) -> None:
    """Raise DataError where there is no file that can be read."""
    if not path.exists():
        names = [entry.name for entry in path.parent.iterdir()] if path.parent.is_dir() else []
        match = closest(path.name, names)
        help = f"did you mean `{path.with_name(match)}`?" if match else None
        what = "file" if path.suffix else "file or folder"
        raise DataError(f"there is no {what} {path}", help=help)
    if path.is_dir():
        raise DataError(f"{path} is a folder", help="name the file in it")


def _check_there(path: Path) -> None:
    check_file(path)
    try:
        with path.open("rb") as binary:
            head = binary.read(8)
    except OSError as error:
        raise DataError(f"{path} can't be read: {error.strerror or error}") from None
    if not head:
        raise DataError(f"{path} is empty")
    for magic, (what, help) in _OTHER_FORMATS.items():
        if head.startswith(magic):
            raise DataError(f"{path} is no CSV file but {what}", help=help)


def _open(path: Path, is_gzip: bool, encoding: str, errors: str) -> IO[str]:
    opened = gzip.open if is_gzip else open
    return opened(path, "rt", encoding=encoding, errors=errors, newline="")


def _delimiter(head: str) -> tuple[str, list[list[str]]]:
    """The delimiter by which the most records have as many fields as the first, and the records."""
    lines = head.splitlines(keepends=True)
    if len(head) == _HEAD_BYTES and len(lines) > 1:
        lines.pop()  # it is cut off
    candidates = []
    for delimiter in _DELIMITERS:
        reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=True)
        try:
            records = [fields for fields in reader if any(fields) or len(fields) > 1][:200]
        except csv.Error:
            continue
        if records and len(records[0]) > 1:
            same = sum(len(fields) == len(records[0]) for fields in records) / len(records)
            candidates.append(((same, len(records[0])), delimiter, records))
    if not candidates:
        return ",", [[line.strip().strip('"')] for line in lines if line.strip()]
    _, delimiter, records = max(candidates, key=lambda candidate: candidate[0])
    return delimiter, records


def _check_first_line(path: Path, head: str) -> None:
    """Raise DataError where the first line is none of names but a word to programs or people."""
    first, *others = head.splitlines()
    if re.fullmatch(r"sep=.?\s*", first, re.IGNORECASE):
        what = "is a word to Excel on the delimiter"
    elif first.startswith("#") and sum(not other.startswith("#") for other in others) > 0:
        following = next(other for other in others if not other.startswith("#"))
        if any(first.count(sign) == following.count(sign) > 0 for sign in _DELIMITERS):
            return  # a name that begins so
        what = "is a comment"
    else:
        return
    raise DataError(
        f"the first line {what}, and does not name the columns",
        location=Location(str(path), 1, text=_printable(first)),
        help="delete it: the first line holds the names",
    )


def _check_header(path: Path, records: Sequence[Sequence[str]]) -> None:
    header = [name.strip() for name in records[0]]
    if all(map(_is_number, header)):
        raise DataError(
            "the first line holds numbers, not the names of the columns",
            location=Location(str(path), 1, text=",".join(header)),
            help="write a line of names above it",
        )
    control = sum(not c.isprintable() and c not in "\t\r\n" for name in header for c in name)
    if control > 0.1 * max(sum(map(len, header)), 1):
        raise DataError(f"{path} is no text", help="save the table as CSV in UTF-8")


def _is_number(text: str) -> bool:
    try:
        float(text.replace(",", "."))
    except ValueError:
        return False
    return True


def _has_decimal_commas(records: Sequence[Sequence[str]], delimiter: str) -> bool:
    """Whether the numbers have decimal commas, by those that have one or a decimal point.

    That is a hint, for columns whose own values leave it open.
    """
    fields = [field for record in records[1:] for field in record]
    commas = sum(
        bool(_COMMA_DECIMAL.fullmatch(field))
        and not (delimiter == "," and _COMMA_GROUPS.fullmatch(field))
        for field in fields
    )
    points = [field for field in fields if _POINT_DECIMAL.fullmatch(field)]
    return commas > (0 if all(map(_GROUPS.fullmatch, points)) else len(points))


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text)
