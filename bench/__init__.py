"""The numbers of the product, measured against the floor in the same run: python -m bench."""
