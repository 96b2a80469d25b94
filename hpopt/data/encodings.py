"""The encoding of a text file: what its owner says, or what it is found to be."""

from __future__ import annotations

import codecs
import gzip
import re
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from hpopt.data.alphabets import is_of_one_language, looks_written_in, surely
from hpopt.errors import DataError, Location, shorten

_BLOCK_BYTES = 1 << 20
_SHOWN_BYTES = 1 << 16
_OTHER = "save it as UTF-8, or name another `encoding`"
_HEAD_BYTES = 1 << 14
# Of these a text is ASCII, bytes of which mean something else.
_SEVEN_BIT = re.compile(r"iso-?2022|hz|utf-?7|csiso2022", re.IGNORECASE)
_BOMS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",  # before UTF-16's, with which it begins
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
# What Windows writes in the West, DOS wrote, and old spreadsheets on a Mac.
_WESTERN = ("cp1252", "cp850", "mac_roman")
# What charset-normalizer chooses from. What is written in the West is tried before.
_TRIED = (
    "cp1250",
    "iso8859_2",
    "cp1251",
    "cp1253",
    "cp1254",
    "cp1255",
    "cp1256",
    "cp1257",
    "koi8_r",
    "cp866",
    "iso8859_5",
    "cp932",
    "euc_jp",
    "gb18030",
    "cp949",
    "big5",
)


@dataclass(frozen=True)
class Encoding:
    """An encoding by its name, and what people should know of how it was found."""

    name: str
    notes: tuple[str, ...] = ()
    errors: Literal["strict", "replace"] = "strict"  # as `open` has it


def _blocks(path: Path, is_gzip: bool) -> Iterator[bytes]:
    try:
        with gzip.open(path) if is_gzip else path.open("rb") as binary:
            while block := binary.read(_BLOCK_BYTES):
                yield block
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path} can't be read: {error}", help="is it whole?") from None


def encoding_of(
    path: Path, is_gzip: bool, named: str | None = None, expected: str | None = None
) -> Encoding:
    """The encoding of a text file: the one that is named, or the one that it is found to be in.

    By its mark UTF-16 or UTF-32; UTF-8 if all of the file is, but for a few stray bytes; else the
    `expected` one, of the training data, or what Windows writes in the West, or what
    charset-normalizer finds. Raises DataError where the file holds no text of it.
    """
    if named is not None:
        named = _with_mark(path, is_gzip, named)
        _check_decodes(path, is_gzip, named, f"is no {named}")
        return Encoding(named)
    blocks = _blocks(path, is_gzip)
    first = next(blocks, b"")
    for bom, encoding in _BOMS.items():
        if first.startswith(bom):
            _check_decodes(path, is_gzip, encoding)
            return Encoding(encoding)
    if wide := _wide_encoding(first):
        _check_decodes(path, is_gzip, wide)
        return Encoding(wide)
    decoder = codecs.getincrementaldecoder("utf-8")()
    is_utf8, lines, other = True, 0, Counter[int]()
    for block in _blocks(path, is_gzip):
        if (nul := block.find(b"\0")) >= 0:
            line = lines + _count_lines(block[:nul]) + 1
            raise DataError(
                f"{path} holds a NUL byte, which no text does",
                location=Location(str(path), line),
                help="is the file damaged, or no CSV?",
            )
        lines += _count_lines(block)
        try:
            if is_utf8:
                decoder.decode(block)
        except UnicodeDecodeError:
            is_utf8 = False
        if not is_utf8:
            other.update(block)
    if is_utf8:
        if expected and _SEVEN_BIT.match(expected) and _decodes(path, is_gzip, expected):
            return Encoding(expected)
        return Encoding("utf-8")
    control = sum(other[byte] for byte in range(32) if byte not in b"\t\n\r\f")
    if control > 0.01 * other.total():
        raise DataError(f"{path} is no text", help="save the table as CSV in UTF-8")
    return _of_lines(path, list(_lines_beyond_ascii(path, is_gzip)), is_gzip, expected)


def _of_lines(
    path: Path, lines: Sequence[tuple[int, bytes]], is_gzip: bool, expected: str | None
) -> Encoding:
    """The encoding of a file that is not all UTF-8, by lines [n] in which it shows."""
    texts = [line.decode("utf-8", errors="replace") for _, line in lines]
    stray = sum(text.count("\ufffd") for text in texts)
    others = sum(not c.isascii() for text in texts for c in text) - stray
    if others > stray or (others and stray == 1):
        number = next(n for (n, _), text in zip(lines, texts, strict=True) if "\ufffd" in text)
        what = "a byte that is" if stray == 1 else f"{stray} bytes that are"
        note = f"{path.name} is UTF-8 but for {what} not, first in line {number}: read as \ufffd"
        return Encoding("utf-8", (note + "; `encoding:` names another",), "replace")
    content = b"\n".join(line for _, line in lines)
    western = (name for name in _WESTERN if looks_written_in(content, name))
    for name in (expected, next(western, None) or _likeliest(content), "cp1252"):
        if name is not None and _decodes(path, is_gzip, name):
            break
    else:
        name = "latin-1"
    words = re.findall(r"\w+", content.decode(name, errors="replace"))
    example = shorten(next((word for word in words if not word.isascii()), "..."), 30)
    note = f'{path.name} is no UTF-8: it is read as {name} ("{example}"); `encoding:` names another'
    whole = sum(not text.isascii() and "\ufffd" not in text for text in texts)
    if whole > 1 and whole > 0.05 * len(texts) and _has_single_bytes(name):
        note += "; some of its lines are UTF-8, as if two files had been joined"
    return Encoding(name, () if name == expected else (note,))


def _lines_beyond_ascii(path: Path, is_gzip: bool) -> Iterator[tuple[int, bytes]]:
    """Lines that hold more than ASCII, with their numbers from 1; so many bytes of them at most."""
    length, number, rest = 0, 1, b""
    for block in (*_blocks(path, is_gzip), b"\n"):
        *lines, rest = (rest + block).split(b"\n")
        for line in lines:
            if not line.isascii():
                yield number, line
                length += len(line)
            number += 1
        if length > _SHOWN_BYTES:
            return


def _likeliest(content: bytes) -> str | None:
    """What a text is taken for, among the encodings that tables come in."""
    from charset_normalizer import from_bytes

    content = content[:_SHOWN_BYTES]
    if (sure := surely(content)) is not None:
        return sure
    fitting = [encoding for encoding in _TRIED if looks_written_in(content, encoding)]
    fitting = [each for each in fitting if is_of_one_language(content, each)] or fitting
    best = from_bytes(content, cp_isolation=fitting).best() if len(fitting) > 1 else None
    return next(iter(fitting), None) if best is None else best.encoding


def _has_single_bytes(encoding: str) -> bool:
    """Whether each byte is a letter, so that hardly any text looks like UTF-8 by chance."""
    return len(bytes(range(0xC0, 0x100)).decode(encoding, errors="replace")) == 0x40


def _decodes(path: Path, is_gzip: bool, encoding: str) -> bool:
    try:
        _check_decodes(path, is_gzip, encoding)
    except DataError:
        return False
    return True


def _count_lines(block: bytes) -> int:
    return block.count(b"\n") or block.count(b"\r")


def _with_mark(path: Path, is_gzip: bool, encoding: str) -> str:
    """The encoding as Python calls it where a file begins with its mark, which is no text."""
    first, name = next(_blocks(path, is_gzip), b""), codecs.lookup(encoding).name
    for bom, marked in _BOMS.items():
        if first.startswith(bom) and name.startswith(marked.removesuffix("-sig")):
            return marked
    return encoding


def _wide_encoding(block: bytes) -> str | None:
    """UTF-16 without its mark: every other byte of ASCII is 0, and no table is without ASCII."""
    even, odd = block[0:_HEAD_BYTES:2], block[1:_HEAD_BYTES:2]
    zeros = even.count(0), odd.count(0)
    if len(odd) < 4 or max(zeros) < 0.2 * len(odd) or min(zeros) > 0.02 * max(zeros):
        return None
    return "utf-16-le" if zeros[1] > zeros[0] else "utf-16-be"


def _check_decodes(path: Path, is_gzip: bool, encoding: str, what: str | None = None) -> None:
    decoder = codecs.getincrementaldecoder(encoding)()
    what = what or f"begins as {encoding.removesuffix('-sig').upper()} but does not stay so"
    line = 1
    try:
        for block in _blocks(path, is_gzip):
            line += decoder.decode(block).count("\n")
        decoder.decode(b"", final=True)
    except UnicodeError as error:
        if not isinstance(error, UnicodeDecodeError):  # UTF-16 without its mark
            raise DataError(f"{path} {what}: {error}", help=_OTHER) from None
        raise DataError(
            f"{path} {what}: {error.reason}",
            location=Location(str(path), line + error.object[: error.start].count(b"\n")),
            help=_OTHER,
        ) from None
