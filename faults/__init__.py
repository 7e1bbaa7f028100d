"""What may go wrong, tried out at random: `python -m faults kills`, `answers` and `limits`.

A real installation, or the real client, against a sandbox of its own; the seed is printed, so that
a run can be repeated. The product knows nothing of it.
"""
