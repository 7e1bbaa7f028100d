"""Objectives under objectives and key results: who is above whom, and the tree that it makes."""
