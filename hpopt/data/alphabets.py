"""What texts look like in the encoding that they were written in: their letters, side by side.

Many encodings give any bytes a meaning. In the right one the letters are those of a language, and
signs and scripts do not stand in the middle of words.
"""

from __future__ import annotations

import re
from collections.abc import Callable

_WEST = "äöüÄÖÜßéèêëÉÈÊËàâáãåÀÂÁÃÅçÇñÑóòôõÓÒÔÕíìîïÍÌÎÏúùûÚÙÛæøÆØœŒ"
_MIDDLE = (
    "ąćęłńóśźżĄĆĘŁŃÓŚŹŻ",  # Polish
    "áčďéěíňóřšťúůýžľĺŕôäÁČĎÉĚÍŇÓŘŠŤÚŮÝŽĽĹŔÔÄ",  # Czech, Slovak
    "áéíóúöüőűÁÉÍÓÚÖÜŐŰ",
    "äöüßÄÖÜ",
    "ăâîşţĂÂÎŞŢ",  # Romanian
    "čćđšžČĆĐŠŽ",  # Croatian, Slovene
)
# The letters, besides ASCII's, of the languages that are written in encodings of Latin letters.
_LETTERS = {
    "cp1252": (_WEST,),
    "cp850": (_WEST,),
    "mac_roman": (_WEST,),
    "cp1250": _MIDDLE,
    "iso8859_2": _MIDDLE,
    "cp1254": ("çğıöşüâîûÇĞİÖŞÜÂÎÛ",),
    "cp1257": ("āčēģīķļņšūžĀČĒĢĪĶĻŅŠŪŽ", "ąčęėįšųūžĄČĘĖĮŠŲŪŽ", "õäöüšžÕÄÖÜŠŽ"),
}
# The first and the last letter of other scripts.
_SCRIPTS = {
    "cp1251": "\u0400\u04ff",
    "koi8_r": "\u0400\u04ff",
    "cp866": "\u0400\u04ff",
    "iso8859_5": "\u0400\u04ff",
    "cp1253": "\u0370\u03ff",
    "cp1255": "\u0590\u05ff",
    "cp1256": "\u0600\u06ff",
}
_SIGNS = "€£§°µ²³½¼·–—’‘“”„…«»¡¿®©™ªº×№\u200e\u200f\xa0"
_AROUND = "§²³µ°·£¹¿½¼–—“”„…«»¶¸¬¤¦©®±×÷"
# A sign, or a capital letter, where the words of no language have one.
_ODD = re.compile(
    rf"(?<=[^\W\d_])[{_AROUND}](?=[^\W\d_])|(?<=[^\W\d_])¿|[£¹³](?=[^\W\d_])|[a-z][À-ÖØ-ÞŚŻŹĆŁ]"
)
_WORD = re.compile(r"[^\W\d_]+")
_FEW_LETTERS = 4
_KANA = "\u3041\u30fe"
_HALF_WIDTH = "\uff61\uff9f"
_HANGUL = "\uac00\ud7a3"
# Characters that everyday texts of these have, in the older encodings within them.
_COMMON = {"cp949": "euc_kr", "gb18030": "gb2312"}


def looks_written_in(content: bytes, encoding: str) -> bool:
    """Whether bytes make sense as a text in an encoding; of one that is not known here, always."""
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        return False
    if encoding in _LETTERS:
        return _is_latin(text, "".join(_LETTERS[encoding]))
    if encoding in _SCRIPTS:
        return _is_of_script(text, _SCRIPTS[encoding])
    if encoding in _COMMON:
        rare = content.decode(_COMMON[encoding], errors="replace").count("\ufffd")
        is_likely = encoding != "cp949" or _share(text, _HANGUL) >= 0.7
        return is_likely and rare <= 0.2 * sum(not c.isascii() for c in text)
    return encoding != "cp932" or _share(text, _HALF_WIDTH) < 0.5


def is_of_one_language(content: bytes, encoding: str) -> bool:
    """Whether a text that looks written in an encoding has letters of one language alone.

    Of scripts other than Latin it is always so.
    """
    text = content.decode(encoding)
    letters = {c for c in text if c.isalpha() and not c.isascii()} - set(_SIGNS)
    return any(letters <= set(each) for each in _LETTERS.get(encoding, (text,)))


def surely(content: bytes) -> str | None:
    """The encoding of a Japanese or Korean text by its kana and hangul; None where it is none."""
    for encoding, letters, least in (
        ("euc_jp", _KANA, 0.1),
        ("cp932", _KANA, 0.1),
        ("euc_kr", _HANGUL, 0.95),
    ):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if _share(text, letters) >= least and _share(text, _HALF_WIDTH) < 0.3:
            return "cp949" if encoding == "euc_kr" else encoding
    return None


def _is_latin(text: str, letters: str) -> bool:
    """Whether a text has these letters and common signs alone, in words of ASCII's for the most."""
    known = frozenset(letters + _SIGNS)
    if not {c for c in text if not c.isascii()} <= known or _ODD.search(text):
        return False
    joined = "".join(_words(text, lambda word: not word.isascii()))
    return sum(not c.isascii() for c in joined) <= max(0.5 * len(joined), _FEW_LETTERS)


def _is_of_script(text: str, script: str) -> bool:
    """Whether a text has letters of a script, in words of it alone."""
    words = _words(text, lambda word: not word.isascii())
    own = [w for w in words if all(script[0] <= c <= script[1] for c in w) and _is_cased(w)]
    odd = sum(0x2500 <= ord(c) < 0x25A0 for c in text)  # lines of boxes
    if _ODD.search(text):
        return False
    return len(own) >= 0.8 * len(words) > 0 and odd <= 0.05 * len(text)


def _is_cased(word: str) -> bool:
    """Whether no capital letter stands behind a small one; scripts without either have none."""
    return word.upper() == word or word[1:].lower() == word[1:]


def _words(text: str, of: Callable[[str], bool]) -> list[str]:
    return [word for word in _WORD.findall(text) if of(word)]


def _share(text: str, letters: str) -> float:
    """How many of the characters beyond ASCII are letters from the first to the last of these."""
    beyond = [c for c in text if not c.isascii()]
    return sum(letters[0] <= c <= letters[1] for c in beyond) / max(len(beyond), 1)
