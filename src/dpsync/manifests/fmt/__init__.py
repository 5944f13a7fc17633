"""One way to write a manifest: the bytes of a file become the same documents in canonical order and style.

A room of its own because it rewrites what people wrote, and has to keep every comment of theirs and the meaning of every
value. `tree.py` reads a file with its comments, `order.py` says which field comes first, `printing.py` writes. Whatever they
do, the result is read again and compared here: a file that would mean something else is left as it is. It is given bytes
and opens no file. It must never be used to judge a manifest; one that is not valid is formatted all the same.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass

from pydantic import BaseModel

from dpsync.kinds import API_VERSION
from dpsync.manifests.document import Document, Problem, read_documents
from dpsync.manifests.fmt.order import Orders
from dpsync.manifests.fmt.printing import printed
from dpsync.manifests.fmt.tree import NotFormatted, Tree, read_tree

_BOM = "\ufeff"
_BREAK = re.compile(r"\r\n|\r|\n")
_FAMILY = API_VERSION.partition("/")[0] + "/"
_SAYS_SO = re.compile(
    rb"""^(?:\xef\xbb\xbf)?(?:---[ \t]+)?(?:\{[ \t]*)?["']?apiVersion["']?[ \t]*:[ \t]*["']?"""
    + re.escape(_FAMILY.encode()),
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Formatted:
    """What became of a file: its bytes, or what is in the way. `is_ours`: it has a document of dpsync; else it is left."""

    content: bytes
    problems: tuple[Problem, ...] = ()
    is_ours: bool = True


def formatted(content: bytes, workspace: type[BaseModel]) -> Formatted:
    """The file in canonical order and style. `workspace` is the model of `dpsync.yaml`.

    Fields stand in the order of the manifest page, indented by two; a comment goes with the line that it is about. Line
    endings are those of the first line, a byte order mark is dropped. What is not YAML is a problem if a line of it says that
    it is of dpsync; tags, templates and merges of others are none of ours.
    """
    documents, problems = read_documents(content)
    if problems:
        return Formatted(content, problems) if seems_ours(content) else Formatted(content, is_ours=False)
    if not any(_is_ours(document) for document in documents):
        return Formatted(content, is_ours=False)
    text = content.decode().removeprefix(_BOM)
    ending = _BREAK.search(text)
    try:
        tree = read_tree(_BREAK.sub("\n", text))
        after = printed(tree, Orders(workspace))
        _must_be_same(documents, tree, after)
    except NotFormatted as error:
        return Formatted(content, (Problem(error.line, 1, error.message, error.remedy),))
    return Formatted(after.replace("\n", ending[0] if ending else "\n").encode())


def seems_ours(content: bytes) -> bool:
    """Whether something that cannot be read as YAML, such as a template of it, says in a line that it is of dpsync."""
    return _SAYS_SO.search(content) is not None


def _is_ours(document: Document) -> bool:
    root = document.root
    version = root.get("apiVersion") if isinstance(root, dict) else None
    return isinstance(version, str) and version.startswith(_FAMILY)


def _must_be_same(documents: tuple[Document, ...], tree: Tree, after: str) -> None:
    """Raises NotFormatted unless the text has the same documents, and the same comments."""
    again, problems = read_documents(after.encode())
    same = not problems and [_told(one) for one in again] == [_told(one) for one in documents]
    if not same or Counter(read_tree(after).comments) != Counter(tree.comments):
        line = problems[0].line if problems else 1
        raise NotFormatted(
            line, "the file is written in a way that cannot be formatted", "write it in block style"
        )


def _told(document: Document) -> str:
    """The value of a document, in a text that tells 1 from true and from 1.0."""
    return json.dumps(document.root, sort_keys=True)
