"""Hosts that dpsync writes no comments on, but whose limits it keeps: a step of their own posts what is printed."""

from __future__ import annotations

import re
from collections.abc import Mapping

from dpsync.hosts.host import Host

_SHA = re.compile(r"[0-9a-f]{40,64}")


def _commit(variable: str, environ: Mapping[str, str]) -> str:
    sha = environ.get(variable, "")
    return sha if _SHA.fullmatch(sha) else ""


BITBUCKET = Host(
    "bitbucket",
    32_768,
    lambda environ: bool(environ.get("BITBUCKET_BUILD_NUMBER")),
    lambda _environ: "",
    lambda environ: _commit("BITBUCKET_COMMIT", environ),
)
AZURE = Host(
    "azure",
    150_000,
    lambda environ: environ.get("TF_BUILD") == "True",
    lambda _environ: "",
    lambda environ: _commit("BUILD_SOURCEVERSION", environ),
)
HOSTS = (BITBUCKET, AZURE)
