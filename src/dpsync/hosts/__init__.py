"""Code hosts: where a report becomes a comment on a pull request, or an issue. One host, one file; here the list.

A room of its own because it is the only one that speaks to something else than the marketplace, with another token. It
knows nothing of plans: it is given a text and a hidden mark, and keeps one comment with that mark up to date. It edits
only what its own token wrote, and deletes nothing. What a comment says is the business of `reports/`.
"""

from __future__ import annotations

from collections.abc import Mapping

from dpsync.hosts import github, gitlab, others
from dpsync.hosts.host import Host

HOSTS: Mapping[str, Host] = {host.name: host for host in (github.HOST, gitlab.HOST)}
"""The hosts that take comments, by the name that `--on` takes."""


def host_here(environ: Mapping[str, str]) -> Host | None:
    """The host whose pipeline this is, as its variables say; None elsewhere."""
    return next((host for host in (*HOSTS.values(), *others.HOSTS) if host.is_here(environ)), None)
