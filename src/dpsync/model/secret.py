"""The token, in the one object that holds it: it cannot be printed, compared into a log or dumped by accident."""

from __future__ import annotations


class Token:
    """A bearer token. `reveal()` is called where the request is made and nowhere else."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return "Token(…)"

    __str__ = __repr__

    def __reduce__(self) -> str | tuple[object, ...]:
        raise TypeError("a token is not written anywhere")
