"""Found by Python at its start where this directory is on its path: everything is logged."""

import logging

logging.basicConfig(level=logging.DEBUG)
logging.getLogger("sqlalchemy.engine").setLevel(logging.DEBUG)
