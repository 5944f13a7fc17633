"""The GitLab format: the counts that a merge request shows as its Terraform report (`artifacts:reports:terraform`).

GitLab reads three numbers and nothing else; the whole report belongs into an artifact of its own. What is blocked is not
counted, as in the summary line. There is no place to say that no marketplace was asked, and zero is a number; so then there
are none, and GitLab shows that there is no plan.
"""

from __future__ import annotations

import json

from dpsync.model.call import Action
from dpsync.model.report import Page, Report
from dpsync.reports import sentences


def render(report: Report, _page: Page) -> str:
    """How many objects are created, updated and deleted, as one JSON object."""
    plan = report.plan
    if report.offline:
        return json.dumps({"offline": sentences.NOT_COMPARED}) + "\n"
    counts = {
        action.value: 0 if plan is None else plan.count(action)
        for action in (Action.CREATE, Action.UPDATE, Action.DELETE)
    }
    return json.dumps(counts) + "\n"
