"""What the name of a column says of it: ids, numbers of rows, and indexes that a file keeps."""

from __future__ import annotations

import re

_ID_NAME = re.compile(r"(^|[ _.-])(id|uuid|guid)$|[a-z](Id|ID)$", re.ASCII)
# As others than the English call the number or the code of a case, a customer, an order.
_NUMBER_NAME = re.compile(
    r".*(nummer|[^\W\d_](?-i:Nr)\.?|[ _.-](nr|nº|n°)\.?)"
    r"|c[oó]d(igo)?([ _.-].{0,30})?"  # but numero_filhos is how many
    r"|(n[uú]mero|num[eé]ro|nº|n°)"
    r"([ _.-](d\w{1,2}[ _.-])?(pedido|nota|client|paci?ent|commande)e?)?"
    r"|.*(番号|連番|通番|编号|編號|序号)",
    re.IGNORECASE,
)
_ID_WORD = re.compile(r"(^|[ _.-])(id|uuid|guid)$", re.ASCII | re.IGNORECASE)
# What pandas calls a column without a name, and an index that a file keeps.
_INDEX_NAME = re.compile(r"Unnamed: \d+|__index_level_\d+__|level_\d+", re.IGNORECASE)
# What people call the number of a row; other things have such names too, which come again.
_ROW_NAME = re.compile(
    r"#|index|row|line|record|obs|observation|seq|sequence|serial"
    r"|(row|line|record|rec|obs|observation|item|entry|serial|seq|sequence|lfd\.?|sr\.?|s\.?)?"
    r"[ _.-]*(number|num|nr\.?|no\.?|index|idx|#)",
    re.IGNORECASE,
)


def is_id_name(name: str) -> bool:
    """Whether a column is named as an id is: `id`, `customer_id`, `userId`, `Fallnummer`."""
    if _NUMBER_NAME.fullmatch(name.strip()):
        return True
    return bool(_ID_NAME.search(name) or _ID_WORD.search(name))


def is_index_name(name: str) -> bool:
    """Whether a column is named as pandas names an index that a file keeps."""
    return _INDEX_NAME.fullmatch(name) is not None


def is_row_name(name: str) -> bool:
    """Whether a column is named as numbers of rows are."""
    return _ROW_NAME.fullmatch(name.strip()) is not None
