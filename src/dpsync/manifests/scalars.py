"""What a plain (unquoted) word of a manifest means: the scalars of YAML 1.2, less its surprises.

It is a room of its own because this table is a promise to whoever writes manifests: `no`, `014`, `0x1F`,
`2024-01-01` and `.inf` are text, and only what is listed here is not. The reader asks it for every plain
word, so it holds no state and knows nothing of documents. It must never be used for quoted text (that is
always text), nor to guess what a field wants: a field that wants text and gets a number says so itself.
"""

import math
import re
from typing import Final

# The words that are not text. An empty value is null as well.
WORDS: Final[dict[str, bool | None]] = {
    "null": None,
    "~": None,
    "true": True,
    "True": True,
    "TRUE": True,
    "false": False,
    "False": False,
    "FALSE": False,
}

# Python converts this many digits under every setting of its own (PYTHONINTMAXSTRDIGITS is 640 or more).
MOST_DIGITS: Final = 640

_WHOLE = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_FRACTION = re.compile(r"[-+]?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")


def number(word: str) -> int | float | str | None:
    """The number that a plain word is, the word itself if it is none, or None if it is too large to hold."""
    if _WHOLE.fullmatch(word):
        return int(word) if len(word) <= MOST_DIGITS else None
    if _FRACTION.fullmatch(word):
        value = float(word)
        return None if math.isinf(value) else value
    return word
