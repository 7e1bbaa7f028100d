"""Hosts that are this machine, so that nobody can be in between."""

from ipaddress import ip_address


def is_loopback(host: str) -> bool:
    """Whether this name or address leads to this machine alone; nothing is looked up."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
