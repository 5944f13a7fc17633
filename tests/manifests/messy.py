"""YAML as people write it: every style, odd indentation, comments wherever one may stand. For the laws of `fmt`.

`files` makes texts that our reader accepts, with a document of dpsync in each, so that `fmt` takes them for its own.
"""

from __future__ import annotations

from hypothesis import strategies as st

WORDS = (
    "a", "orders", "North America", "ANALYTICS.SALES.ORDERS", "Umsätze – Köln", "販売", "yes", "014", "1.5", "-7", "true",
    "null", "~", "a:b", "x#y", "it's", 'say "hi"', "s3://lake/*", "a - b", "2026-01-01", "5%", "😀", "c\\d", "$x",
)  # fmt: skip
QUOTED = (
    '"plain"', "'single'", "'it''s'", '"tab\\tand \\"quotes\\""', '"a # b"', "'# no comment'", '" blank "', '"\\u00e4"',
    "'back\\slash'", "'say \"hi\"'", '""', "''", '"- x"', "'a: b'", '"two\\nlines"', '"{}"',
)  # fmt: skip
FIELDS = (
    "kind", "metadata", "spec", "name", "labels", "id", "description", "domain", "sources", "requestForm", "lifecycle", "fields",
    "table", "schema", "database", "platform", "match", "reviewFlow", "stages", "any", "team", '"quoted key"', "'x y'", "b c", "é",
)  # fmt: skip
COMMENTS = (
    "# why",
    "#no blank",
    "# - orders",
    "# key: value",
    "#",
    "# “quoted” # twice",
    "#!x",
    "# { [",
    "#\ttab",
)

comments = st.sampled_from(COMMENTS)


class _Writer:
    """Writes one document, asking `draw` at each turn."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw
        self.lines: list[str] = []

    def maybe(self, often: int = 4) -> bool:
        return self.draw(st.integers(0, often)) == 0

    def beside(self) -> str:
        return " " * self.draw(st.integers(1, 4)) + self.draw(comments) if self.maybe() else ""

    def between(self, indent: int) -> None:
        """Blank lines and comments before an entry, not always where its column is."""
        for _ in range(self.draw(st.sampled_from((0, 0, 0, 1, 2, 3)))):
            depth = self.draw(st.sampled_from((indent, indent, 0, indent + 2, indent + 5)))
            self.lines.append(self.draw(st.sampled_from(("", "  ", " " * depth + self.draw(comments)))))

    def anchor(self) -> str:
        return f"&a{self.draw(st.integers(0, 9))} " if self.maybe(12) else ""

    # Scalars.

    def scalar(self, begin: str, indent: int) -> None:
        """A scalar after `begin`; what goes on in the next lines stands deeper than `indent`."""
        form = self.draw(
            st.sampled_from(("plain", "plain", "quoted", "empty", "lines", "literal", "folded", "below"))
        )
        deeper = " " * (indent + self.draw(st.integers(1, 4)))
        anchor = self.anchor()
        if form == "empty":
            self.lines.append(f"{begin}{self.beside()}")
        elif form == "below" and indent >= 0:
            self.lines.append(f"{begin}{self.beside()}")
            if self.maybe():
                self.lines.append(deeper + self.draw(comments))
            self.lines.append(f"{deeper}{anchor}{self.one_line()}{self.beside()}")
        elif form == "lines":
            self.lines.extend(self.several_lines(f"{begin} {anchor}", deeper))
        elif form in {"literal", "folded"}:
            self.block(f"{begin} {anchor}", indent, "|" if form == "literal" else ">")
        else:
            self.lines.append(f"{begin} {anchor}{self.one_line()}{self.beside()}")

    def one_line(self) -> str:
        return self.draw(st.sampled_from(QUOTED if self.maybe(1) else WORDS))

    def several_lines(self, begin: str, deeper: str) -> list[str]:
        quote = self.draw(st.sampled_from(("", "'", '"')))
        words = self.draw(
            st.lists(st.sampled_from(("one", "two three", "é", "4", "")), min_size=1, max_size=3)
        )
        slash = "\\" if quote == '"' and self.maybe(2) else ""
        lines = [f"{begin}{quote}first{slash}", *(f"{deeper}{word}" if word else "" for word in words)]
        return [*lines, f"{deeper}last{quote}{self.beside()}"]

    def block(self, begin: str, indent: int, sign: str) -> None:
        chomp = self.draw(st.sampled_from(("", "-", "+")))
        step = self.draw(st.integers(1, 4))
        content = self.draw(
            st.lists(
                st.sampled_from(("text", "# no comment", "  deeper", "", "- x", "\ttab", "a: b", "end ")),
                max_size=5,
            )
        )
        stated = str(step) if any(line[:1] in {" ", "\t"} for line in content) or self.maybe(6) else ""
        self.lines.append(f"{begin}{sign}{stated}{chomp}{self.beside()}")
        blanks = " " * (max(indent, 0) + step)
        self.lines.extend(f"{blanks}{line}" if line else "" for line in content)

    # Collections.

    def node(self, begin: str, indent: int, depth: int) -> None:
        """A value after `begin`, in any style; entries of a block stand deeper than `indent`."""
        form = self.draw(st.sampled_from(("scalar", "scalar", "map", "list", "flow"))) if depth else "scalar"
        if form == "scalar":
            self.scalar(begin, indent)
        elif form == "flow":
            self.lines.extend(
                f"{begin} {self.anchor()}{self.flow(indent + 1, depth - 1)}{self.beside()}".split("\n")
            )
        else:
            self.lines.append(
                f"{begin}{' ' + self.anchor().strip() if self.maybe(6) else ''}".rstrip() + self.beside()
            )
            column = indent + self.draw(st.integers(1, 4))
            if form == "list" and indent >= 0 and begin.rstrip().endswith(":") and self.maybe(2):
                column = indent
            (self.mapping if form == "map" else self.listing)(column, depth - 1)

    def mapping(self, column: int, depth: int, lead: str = "") -> None:
        names = self.draw(st.lists(st.sampled_from(FIELDS), min_size=1, max_size=4, unique=True))
        for name in names:
            if not lead:
                self.between(column)
            begin = (lead or " " * column) + name + (" :" if self.maybe(9) else ":")
            lead = ""
            self.node(begin, column, depth)

    def listing(self, column: int, depth: int) -> None:
        for _ in range(self.draw(st.integers(1, 3))):
            self.between(column)
            dash = " " * column + "-" + " " * self.draw(st.integers(0, 2))
            if depth and self.maybe(1):
                self.mapping(len(dash) + 1, depth - 1, lead=dash + " ")
            else:
                self.node(dash.rstrip(), column, depth)

    def flow(self, indent: int, depth: int) -> str:
        """A collection in brackets, perhaps over several lines, perhaps with comments."""
        space = self.gap(indent)
        if not depth:
            return self.draw(st.sampled_from(("[]", "{}", "[ ]", "[a]", "{a: 1}", "[\"x\", 'y']")))
        count = self.draw(st.integers(1, 4))
        inner = [self.flow(indent, depth - 1) if self.maybe(3) else self.flow_word() for _ in range(count)]
        if self.maybe(1):
            return f"[{space}{f',{self.gap(indent)}'.join(inner)}{space}]"
        keys = self.draw(st.lists(st.sampled_from(FIELDS), min_size=count, max_size=count, unique=True))
        pairs = [f"{key}: {value}" for key, value in zip(keys, inner, strict=True)]
        return f"{{{space}{f', {self.gap(indent)}'.join(pairs)}{',' if self.maybe() else ''}{space}}}"

    def flow_word(self) -> str:
        return self.draw(
            st.sampled_from(("a", "FACT_*", '"q, r"', "'it''s'", "12", "two words", "é", "a" * 40))
        )

    def gap(self, indent: int) -> str:
        if self.maybe(5):
            return f" {self.draw(comments)}\n" + " " * (indent + 1)
        return self.draw(st.sampled_from(("", " ", "  ", "\n" + " " * (indent + 2))))


@st.composite
def documents(draw: st.DrawFn) -> str:
    writer = _Writer(draw)
    writer.between(0)
    if draw(st.integers(0, 3)):
        writer.lines.append("apiVersion: dpsync/v1beta1" + writer.beside())
        kind = draw(
            st.sampled_from(("DataProduct", "RequestForm", "Domain", "DataSource", "Workspace", "Other"))
        )
        writer.lines.append(f"kind: {kind}{writer.beside()}")
        for name in draw(st.permutations(("metadata", "spec"))):
            writer.between(0)
            writer.node(f"{name}:", 0, 3)
    else:
        writer.mapping(0, 3)
    writer.between(0)
    return "\n".join(writer.lines) + "\n"


@st.composite
def files(draw: st.DrawFn) -> bytes:
    """A file of two or three documents, with one of the three line endings, perhaps with a byte order mark."""
    first = "apiVersion: dpsync/v1beta1\nkind: Domain\n"
    texts = [draw(documents()) for _ in range(draw(st.integers(1, 2)))]
    marks = [
        draw(st.sampled_from(("---\n", "--- # next\n", "...\n---\n", "---\n# only this\n---\n")))
        for _ in texts
    ]
    text = draw(st.sampled_from(("", "---\n", "# top\n---\n", "# top\n\n"))) + first
    text += "".join(mark + one for mark, one in zip(marks, texts, strict=True))
    mark = draw(st.sampled_from(("", "", "\ufeff")))
    return (mark + text.replace("\n", draw(st.sampled_from(("\n", "\n", "\r\n"))))).encode()
