"""dpsync keeps a data marketplace in step with a Git repository."""

__version__ = "0.1.0"
