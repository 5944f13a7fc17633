"""What was agreed on before: the manifests of another Git revision, loaded like those at hand.

A page of its own because `plan --base`, `drift` and reviews of a pull request all ask for it. It writes nothing: the files
of the revision stand in a temporary folder while they are read.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from dpsync import pipeline
from dpsync.apply.history import JournalUnreadable, last_commit
from dpsync.errors import InvalidManifests, UsageError
from dpsync.manifests.files import WORKSPACE_FILE
from dpsync.manifests.revision import at_revision, merge_base
from dpsync.manifests.workspace import read_workspace
from dpsync.model.finding import Finding, Severity
from dpsync.model.state import DesiredState
from dpsync.settings import Layout, Settings, layout_of

JOURNAL = "journal"
"""As a reference: the commit that was last applied from here, as the journal in the workspace says."""


def commit_at(settings: Settings, ref: str) -> str:
    """The commit where what is checked out left `ref`, which may be `journal`. Raises UsageError."""
    return merge_base(settings.root, _last_applied(settings) if ref == JOURNAL else ref)


def desired_at(settings: Settings, ref: str) -> DesiredState:
    """The desired state where this branch left `ref`; empty if the workspace had no manifests, or no such environment.

    Manifests, patches and variables are those of dpsync.yaml of that revision. Raises UsageError where Git does not know the revision, and
    where its manifests are not valid.
    """
    commit = commit_at(settings, ref)
    layout = _layout_at(settings, commit)
    with at_revision(settings.root, commit, [*layout.manifests, layout.patches]) as folder:
        manifests_are_there = any((folder / path).exists() for path in layout.manifests)
        if not manifests_are_there or settings.environment not in layout.variables:
            return DesiredState(settings.workspace_id, settings.environment, ())
        then = replace(
            settings,
            root=folder,
            manifests=layout.manifests,
            patches=layout.patches,
            variables=layout.variables,
        )
        try:
            return pipeline.declared(then).desired
        except InvalidManifests as error:
            first = next(finding for finding in error.findings if finding.is_error)
            raise UsageError(
                f"The manifests at {ref} ({commit[:12]}) are not valid, so nothing can be compared with them: "
                f"{first.origin or ''} {first.message}",
                "Choose a revision whose manifests are valid.",
            ) from None


def workspace_changes(settings: Settings, commit: str) -> tuple[Finding, ...]:
    """A notice if dpsync.yaml is not what it was at a commit: it may change what every manifest means."""
    with at_revision(settings.root, commit, [WORKSPACE_FILE]) as folder:
        file = folder / WORKSPACE_FILE
        before = file.read_bytes() if file.exists() else None
    if before == (settings.root / WORKSPACE_FILE).read_bytes():
        return ()
    message = (
        f"{WORKSPACE_FILE} is not what it was at {commit[:12]}, and what that changes is not looked for."
    )
    return (Finding("part", Severity.NOTICE, message, "A plan of everything shows it."),)


def _layout_at(settings: Settings, commit: str) -> Layout:
    """Where dpsync.yaml of a commit says that manifests are; as it is today where that cannot be understood."""
    with at_revision(settings.root, commit, [WORKSPACE_FILE]) as folder:
        return layout_in(folder, settings)


def layout_in(folder: Path, settings: Settings) -> Layout:
    """Where dpsync.yaml in a folder says that manifests are, and what they mean; as in the settings where it is not valid."""
    document, _findings = read_workspace(folder / WORKSPACE_FILE)
    if document is not None:
        try:
            return layout_of(document, document.root, WORKSPACE_FILE)
        except InvalidManifests:
            pass
    return Layout(settings.manifests, settings.patches, settings.variables)


def _last_applied(settings: Settings) -> str:
    instead = "Name a Git revision instead: --base origin/main."
    try:
        commit = last_commit(settings.root / ".dpsync", settings.environment)
    except JournalUnreadable as error:
        raise UsageError(error.message, instead) from None
    if commit is None:
        raise UsageError(
            f"The journal has no complete run in {settings.environment} of which the Git commit is known.",
            instead,
        )
    return commit
