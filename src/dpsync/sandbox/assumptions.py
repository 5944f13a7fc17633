"""What the sandbox assumes where nothing published says what the marketplace does.

The documents of the API leave gaps: which status a foreign domain gets, whether names are compared after trimming,
what a request without a form does. The sandbox has to do something in each of them. Every such choice is a
constant here with the sentence that explains it, so that one line changes when a live tenant says otherwise.
Nothing that is documented belongs in this module, and dpsync itself must never read it: the two readings of the
API are kept apart on purpose.
"""

from __future__ import annotations

from typing import Any, Final

DEFAULT_TOKEN: Final = "sandbox"  # noqa: S105
"""The token that acts as the caller of the world. Invented here; real tokens are JWTs (FACTS 1.2)."""

TOKEN_DAYS: Final = 90
"""A token ends this many days after now. The unit of `expiration` is taken to be seconds since 1970 [INF 1.2]."""

INVALID: Final = 422
"""Status of a body or a query that does not have the published shape [UNK 1.4]."""

MALFORMED: Final = 400
"""Status of a body that is not JSON [INF 1.4]."""

UNKNOWN_REFERENCE: Final = 400
"""Status when a body names a domain, source, form, agreement, user or column that is not there, or a domain that
the caller may not use [UNK 7.3]."""

IN_USE: Final = 409
"""Status when a form or agreement that is referred to should be deleted [UNK 7.10]."""

ID_TAKEN: Final = 409
"""Status of a create with an id that exists; it is not an upsert [UNK 7.5]."""

BUILT_IN: Final = 403
"""Status when the built-in form should be changed or deleted (that it cannot be is FACTS 2.3)."""

NOT_REVOCABLE: Final = 400
"""Status when a request that is not approved should be revoked, or one that is not pending cancelled [UNK 1.9]."""

REQUEST_EXISTS: Final = 409
"""Status when the same person already has a pending or approved request of that type for the product, whatever the
columns of a masking exception [UNK 1.9]. An expired approval is in nobody's way."""

NOT_A_DECISION: Final = 400
"""Status when an approval record should become BLOCKED, CANCELED or PENDING: the schema lets clients say so, but only
approving and denying is documented [UNK 2.6]."""

NOT_DECIDABLE: Final = 409
"""Status when an approval record is decided twice, or before its turn, or after its request has ended [UNK 2.6]."""

SUSPENDED_SOURCE: Final = "RESTRICTED"
"""What a member's sources are while the product is suspended; NONE without and SUBSCRIBED with access [UNK 2.1]."""

MAX_BODY: Final = 8 * 1024 * 1024
"""Largest body in bytes; the real limit is not known [UNK 1.4]."""

FLOW_VERSION: Final = "1"
"""The `version` that the server adds to a review flow when it answers (that it may is FACTS 7.7)."""

DOMAIN_SEARCH_ORDER: Final = "s.id"
"""Sources of a domain are listed by their number [UNK 2.2]."""

TAG_LIMIT: Final = 50
"""How many tags are listed when nobody says; only the maximum of 200 is published [UNK 0.13]."""

STATS_TYPES: Final = ("DATA_ACCESS", "MASKING_EXCEPTION")
"""The counts of a product are over requests of both types [UNK 2.1]: they are no count of members."""

PRODUCT_TAG: Final = "Immuta Marketplace Data Product"
"""Root of the tag that every source of a product carries (FACTS 0.3)."""

EFFECTS: Final[tuple[str, ...]] = (
    "Names are compared exactly after trimming, over the whole tenant, kind by kind [UNK 1.7].",
    "A name is stored as it was sent, not trimmed [UNK 1.7].",
    "Two domains on one product are accepted; its sources may be in either [UNK 0.6].",
    "Moving a product to another domain does not look at its sources [UNK 7.3].",
    "Replacing the sources of a product does not move its `updatedAt` [UNK 6.3].",
    "An `id` in the body of an update is ignored [UNK 1.9].",
    "Fields of a body that nobody knows are dropped, not refused and not kept [INF 1.4].",
    "One form of the pair alone is accepted and sets only that one [UNK 7.2].",
    "A request to a product without a form is made with the built-in form, if there is one [UNK 1.10].",
    "Rules of a flow never match, because the names of their facts are not published; the default event decides [UNK 7.11].",
    "A suspended product keeps its requests, and they can still be made [UNK 2.1].",
    "Deleting a product deletes its requests; the same id made anew has no members [UNK 0.3].",
    "A single domain can be read by everybody, its sources only by those who may use it [UNK 0.14].",
    "An old version of a form keeps the agreements as they were when it was made (FACTS 2.1, 2.3).",
    "`targetType` filters nothing [UNK 1.9].",
    "The answers of a request map the id of a field to its answer; missing, unknown and wrong ones are 422 [UNK 1.9].",
    "Data use agreements are not checked: how one says that they were read is not published [UNK 2.5].",
    "A duration that the requester chose is granted by a flow that approves, whatever duration the flow has (FACTS 2.3).",
    "To reviewers a chosen duration is a recommendation: only what they give themselves ends access (FACTS 2.6).",
    "Of the durations that several reviewers give the shortest counts, from the last approval on [UNK 2.6].",
    "An `all` stage has one record for each reviewer; one person may decide several of them [INF 2.4].",
    "The requester may review the request, too, like everybody else who is an approver [UNK 2.4].",
    "An approver is looked up when somebody decides, not when the request is made [UNK 2.4].",
    "Nobody has a CATALOG PERMISSION; a record that asks for nothing else stays open [UNK 2.4].",
    "A review without stages stays pending until it is cancelled [UNK 2.4].",
    "What a flow decides at once leaves no approval record, so it is no determination [INF 1.9].",
    "An expired request is counted in `totalRequestCount` and in no other count [INF 2.1].",
    "A source's status says what this product gives, not what others give [UNK 1.9].",
    "An approved masking exception unmasks the column for its user in every product, member or not, suspended or not (FACTS 2.6).",
    "A column that is unmasked for the caller reads back without a policy and is no masked column [UNK 1.9].",
    "Only the requester, or whom the request is for, may cancel it [INF 1.9].",
    "Requests that expire are listed only with `includeTemporary`, or when `expiration` asks for them [INF 1.9].",
)
"""Choices that no constant expresses, one sentence each."""

DEFAULT_FLOW: Final[dict[str, Any]] = {
    "rules": [],
    "defaultEvent": {
        "type": "review",
        "params": {
            "stages": [
                {
                    "any": [
                        {"type": "PERMISSION", "permission": "GOVERNANCE"},
                        {"type": "DOMAIN PERMISSION", "permission": "Manage Data Products"},
                    ]
                }
            ]
        },
    },
}
"""The flow of a product that was given none. This one is documented (FACTS 2.4); it stands here to be found."""
