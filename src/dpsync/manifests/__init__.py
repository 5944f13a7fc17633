"""Manifests: files become documents, documents become resources, and whatever is wrong becomes a finding.

The only room that reads YAML. It knows no kind by name and opens nothing outside the workspace.
"""

from __future__ import annotations
