"""Changes to bytes, lines and forms: the usual ones of fuzzers, and texts that people wrote."""

from __future__ import annotations

import json
import random
from typing import Any

# What has broken readers before: numbers at the edges, words that mean something, odd letters.
TEXTS = [
    "", " ", "0", "-1", "1", "1e308", "1e999", "-0.0", "1e-3", "9" * 25, "0x10", "1_000", "007",
    "nan", "NaN", "inf", "-inf", "null", "~", "None", "NA", "true", "no", "yes", "on", "TRUE",
    "2024-02-30", "2024-01-01", "0000-00-00", "9999-12-31T23:59:59", "12:30", "31/12/2024", "1,5",
    "1.234,5", "$3", "5 %", "é", "漢", "👩‍🚀", "\u202e", "\x1b[2J", "\ufeff", "\u2028", "a\tb", "'",
    '"', "'''", '"""', "`", "|", ";", ",", "#", "&a", "*a", "<<", "!!python/object:os.system", "%",
    "{}", "[]", "{a: 1}", "[1, 2]", "- x", "a: b", "../../x", "/dev/null", "con", "=1+1", "@x",
    "__class__", "self", "x" * 300, "latest", "nets.py:build", "target", "dense_dropout", "-",
]  # fmt: skip
VALUES: list[Any] = [
    None, True, False, 0, -1, 1, 2, 3, 10**12, -(10**12), 10**400, 0.5, -0.5, 1e-300, 1e308,
    float("inf"), float("nan"), [], {}, [None], [[]], {"x": None}, {"": {}}, [0.1, 0.1], [1, 2, 3],
    {"type": "real", "low": 0, "high": 1}, {"type": "integer", "low": 5, "high": 1},
    {"when": {"x": 1}}, *TEXTS,
]  # fmt: skip


def changed_bytes(rng: random.Random, content: bytes, texts: list[str] = TEXTS) -> bytes:
    """The content with one to four changes, of bytes or of lines."""
    for _ in range(rng.choice([1, 1, 1, 2, 4])):
        content = rng.choice([_flip, _cut, _repeat, _put, _put, _line, _line, _swap])(
            rng, content, texts
        )
    return content


def _flip(rng: random.Random, content: bytes, texts: list[str]) -> bytes:
    if not content:
        return b"\x00"
    place = rng.randrange(len(content))
    byte = rng.choice([0, 9, 10, 13, 0x22, 0x2C, 0x7F, 0x80, 0xFF, rng.randrange(256)])
    return content[:place] + bytes([byte]) + content[place + 1 :]


def _cut(rng: random.Random, content: bytes, texts: list[str]) -> bytes:
    start = rng.randint(0, len(content))
    end = min(len(content), start + rng.choice([1, 3, 20, 10**9]))
    return content[:start] + content[end:]


def _repeat(rng: random.Random, content: bytes, texts: list[str]) -> bytes:
    start = rng.randint(0, len(content))
    piece = content[start : start + rng.choice([1, 10, 200])]
    return content[:start] + piece * rng.choice([2, 3, 50]) + content[start:]


def _put(rng: random.Random, content: bytes, texts: list[str]) -> bytes:
    """A text in the place of a word, or between two."""
    start = rng.randint(0, len(content))
    end = start
    while end < len(content) and content[end : end + 1] not in b" ,;:\n\t[]{}\"'":
        end += 1
    text = rng.choice(texts).encode()
    return content[:start] + text + content[end if rng.random() < 0.8 else start :]


def _line(rng: random.Random, content: bytes, texts: list[str]) -> bytes:
    """A line gone, twice, or elsewhere."""
    lines = content.splitlines(keepends=True)
    if not lines:
        return content
    line = lines.pop(rng.randrange(len(lines)))
    for _ in range(rng.choice([0, 1, 2])):
        lines.insert(rng.randint(0, len(lines)), line)
    return b"".join(lines)


def _swap(rng: random.Random, content: bytes, texts: list[str]) -> bytes:
    """Other line ends, another encoding, a mark in front."""
    match rng.randrange(5):
        case 0:
            return content.replace(b"\n", rng.choice([b"\r\n", b"\r", b"\n\n"]))
        case 1:
            return b"\xef\xbb\xbf" + content
        case 2:
            return content.decode("utf-8", "replace").encode(rng.choice(["utf-16", "utf-16-le"]))
        case 3:
            return content.decode("utf-8", "replace").encode("latin-1", "replace")
        case _:
            return content.rstrip(b"\n")


def changed_form(rng: random.Random, form: Any, values: list[Any] = VALUES) -> Any:
    """A copy of a form of dicts and lists with one thing in it changed."""
    form = json.loads(json.dumps(form))
    inner, step = form, None
    parent: Any = None
    while isinstance(inner, dict | list) and inner and (parent is None or rng.random() < 0.75):
        step = rng.choice(list(inner)) if isinstance(inner, dict) else rng.randrange(len(inner))
        parent, inner = inner, inner[step]
    if parent is None:
        return rng.choice(values)
    match rng.randrange(9):
        case 0:
            del parent[step]
        case 1 if isinstance(parent, dict):
            parent[rng.choice(TEXTS)] = parent.pop(step)
        case 2 if isinstance(parent, dict):
            parent[rng.choice(TEXTS)] = rng.choice(values)
        case 3 if isinstance(parent, list):
            parent.insert(step, rng.choice(values))
        case 4:
            parent[step] = rng.choice(values)
        case _:
            parent[step] = _like(rng, inner)
    return form


def _like(rng: random.Random, value: Any) -> Any:
    """Another value that could stand there as well."""
    match value:
        case bool():
            return not value
        case int():
            return max(0, value + rng.choice([-2, -1, 1, 2, 10, value, -value]))
        case float():
            return value * rng.choice([-1, 0, 0.1, 0.5, 2, 100])
        case str():
            return rng.choice([value.upper(), value[:-1], value + "s", rng.choice(TEXTS)])
        case list():
            return rng.choice([value * 2, value[:1], value[::-1], [value]])
        case _:
            return rng.choice(VALUES)
