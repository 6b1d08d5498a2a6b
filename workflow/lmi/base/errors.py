"""The one error users see: what was expected, what was found, how to mend it."""


class InputError(ValueError):
    """Bad input, told in one message: where, expected, found, how to mend."""
