"""The command line: `lmi`, or `python -m lmi.cli`.

Commands are thin: what they do is in the layers below, and is imported when a command needs it, so
that help comes at once. May import: everything.
"""
