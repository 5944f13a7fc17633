"""Access: what there is to decide before anybody is let in or out, as pure questions about values.

A room of its own because requests are no part of the plan: they are made for one person at one moment, by somebody who
is asked first (FACTS 2.6). Here is whether answers answer a form, who needs no request, and who may accept an agreement
for whom. Nothing here knows HTTP, a file or a terminal; what is read and sent is the business of `marketplace/`.
"""

from __future__ import annotations
