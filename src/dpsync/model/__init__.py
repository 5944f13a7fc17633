"""What things are: frozen values that answer questions about themselves.

The lowest floor. Nothing here reads a file, opens a socket or knows a resource kind by name.
"""
