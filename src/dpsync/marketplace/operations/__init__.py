"""The API's operations, one file for each group, all alike: a class whose methods are named as the API names them.

A room of its own because `Client` is nothing but their sum (`marketplace/api.py`). Each method sends one operation and
gives back models of `marketplace/models/`. What a plan needs is read in `live.py`, from a client that cannot write, and
must never be read through these.
"""

from __future__ import annotations
