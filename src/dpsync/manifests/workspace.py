"""Reading the workspace: `dpsync.yaml` and the folder it stands in, which is the root of everything else.

It reads the file into a document with its places and judges nothing in it; `settings.py` does that, which knows no YAML.
"""

from __future__ import annotations

import os
from pathlib import Path

from dpsync.manifests.document import Document, read_documents
from dpsync.manifests.files import WORKSPACE_FILE, File, find_workspace, is_inside, outside, read_file
from dpsync.manifests.load import problem_finding
from dpsync.model.finding import Finding, Severity, in_order
from dpsync.model.place import Origin

__all__ = ["NO_WORKSPACE", "NO_WORKSPACE_REMEDY", "find_workspace", "read_workspace"]

NO_WORKSPACE = f"No {WORKSPACE_FILE} here or in any folder above."
NO_WORKSPACE_REMEDY = "Go to your workspace, or name it with --workspace."


def read_workspace(file: Path) -> tuple[Document | None, tuple[Finding, ...]]:
    """The workspace file as a document, or None, and what is wrong with it as YAML. Findings call it by its name only."""
    name = file.name
    if not os.path.lexists(file):
        return None, (
            Finding("no-workspace", Severity.ERROR, NO_WORKSPACE, NO_WORKSPACE_REMEDY, Origin(name, 1, 1)),
        )
    path = os.path.realpath(file)
    if not is_inside(os.path.realpath(file.absolute().parent), path):
        return None, (outside(name),)
    content = read_file(File(name, path))
    if isinstance(content, Finding):
        return None, (content,)
    documents, problems = read_documents(content)
    findings = [problem_finding(name, problem) for problem in problems]
    if len(documents) > 1:
        second = documents[1]
        findings.append(
            Finding(
                "one-document",
                Severity.ERROR,
                f"{name} holds {len(documents)} documents.",
                "Keep one; manifests stand in files of their own.",
                Origin(name, second.line, second.column),
            )
        )
    return (documents[0] if documents else None), in_order(findings)
