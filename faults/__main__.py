"""`python -m faults KIND ...`; each kind explains its own options with --help."""

import sys
from importlib import import_module

KINDS = {
    "kills": "processes are killed at random moments",
    "answers": "Trello's answers are mutated at random",
    "limits": "several workers at once, on Trello's limits",
    "hosts": "several hosts of which one fails, its network or its clock; needs root",
    "capacity": "no fault: what one process of each kind bears; needs root",
    "disk": "the disk is full for a while",
    "readonly": "the disk fails and can only be read, until the machine starts anew",
    "clock": "the clock jumps forth and back",
    "redis-memory": "Redis has no memory left, and then starts anew with nothing in it",
}


def main() -> int:
    if len(sys.argv) < 2 or sys.argv[1] not in KINDS:
        lines = [f"  {name:<12} {summary}" for name, summary in KINDS.items()]
        sys.stderr.write("\n".join(["python -m faults KIND [options]", *lines, ""]))
        return 2
    kind = sys.argv.pop(1)
    code: int = import_module(f"faults.{kind.replace('-', '_')}").main()
    return code


if __name__ == "__main__":
    sys.exit(main())
