"""A setting that is missing or wrong."""


class ConfigError(SystemExit):
    """A setting that stops the start; the message says which and how to mend it.

    Uncaught, any of our commands ends with that sentence alone and exit code 1.
    """
