"""The blueprint that the views of this package add themselves to."""

from flask import Blueprint

blueprint = Blueprint("accounts", __name__)
