"""Apply: makes exactly the changes of a plan, one wave after the other, and says what became of each.

It knows no HTTP and no kind: what it writes with arrives as a `Writer`. It never plans.
"""
