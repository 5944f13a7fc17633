"""An examination as JSON: for machines. Its fields and topics are a contract, and `docs/doctor.md` documents them."""

from __future__ import annotations

import json

from dpsync.model.examination import Examination

FORMAT_VERSION = "1.0"


def as_json(examination: Examination) -> str:
    """The examination as one JSON object."""
    answer = {
        "format_version": FORMAT_VERSION,
        "environment": examination.environment,
        "url": examination.url,
        "can_work": examination.can_work,
        "examined": [
            {
                "topic": one.topic,
                "verdict": one.verdict.value,
                "message": one.message,
                "remedy": one.remedy,
            }
            for one in examination.entries
        ],
    }
    return json.dumps(answer, indent=2, ensure_ascii=True) + "\n"
