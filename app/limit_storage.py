"""Where windows of the `limits` library are counted: in Redis, by one client."""

from limits.storage import RedisStorage


class Storage(RedisStorage):
    """The library's, found by the same addresses, but for a second client for Redis: loading that
    takes two megabytes, and costs a job more than counting boards does."""

    STORAGE_SCHEME = ["redis", "rediss", "redis+unix"]
    DEPENDENCIES = {"redis": None}
