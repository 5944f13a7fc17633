"""Reports: one value, told in several formats. One format, one file; here the list of them.

A format takes a report and a page and returns a text that ends with a newline. It reads nothing, decides nothing and
never prints; the words themselves are in `sentences.py`, so that all formats say the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from dpsync.model.report import Page, Report
from dpsync.reports import github, gitlab, gitlab_codequality, html, json, junit, markdown, sarif, text

Renderer = Callable[[Report, Page], str]

FORMATS: Mapping[str, Renderer] = MappingProxyType(
    {
        "text": text.render,
        "markdown": markdown.render,
        "html": html.render,
        "json": json.render,
        "sarif": sarif.render,
        "junit": junit.render,
        "github": github.render,
        "gitlab": gitlab.render,
        "gitlab-codequality": gitlab_codequality.render,
    }
)
"""Every format by the name that `--report` takes."""
