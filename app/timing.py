"""Spans of time that the long fault runs scale down, so that an hour passes in seconds."""

from datetime import timedelta

from flask import current_app


def scaled(span: timedelta) -> timedelta:
    """The span as this installation lives it: shorter only where TIME_SCALE says so."""
    scale: float = current_app.extensions["tally_config"].time_scale
    return span * scale
