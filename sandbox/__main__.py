"""python -m sandbox --port 8001 --data-dir DIR [--board FILE.json ...]"""

import argparse
import os
import signal
import sys
import threading
from pathlib import Path
from types import FrameType

from sandbox.app import create_sandbox
from sandbox.export_format import ExportError, read_export
from sandbox.serve import make_sandbox_server
from sandbox.store import add_boards


def main() -> int:
    arguments = _parser().parse_args()
    try:
        app = create_sandbox(
            api_key=os.environ.get("SANDBOX_API_KEY"),
            api_secret=os.environ.get("SANDBOX_API_SECRET"),
            data_dir=arguments.data_dir,
            allowed_origins=arguments.allowed_origin,
            retry_scale=arguments.retry_scale,
        )
        add_boards(app.store, [read_export(path) for path in arguments.board])
        server = make_sandbox_server(app, arguments.host, arguments.port)
    except (ExportError, OSError, ValueError) as error:
        sys.stderr.write(f"sandbox: {error}\n")
        return 1
    app.limits.enabled = not arguments.no_limits

    def stop(signal_number: int, frame: FrameType | None) -> None:
        # From a thread of its own, because shutdown waits for the loop that was interrupted.
        threading.Thread(target=server.shutdown).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    sys.stdout.write(f"Sandbox at {app.deliveries.origin}\n")
    if "SANDBOX_API_KEY" not in os.environ or "SANDBOX_API_SECRET" not in os.environ:
        sys.stdout.write(f"API key: {app.client.key}\nAPI secret: {app.client.secret}\n")
    sys.stdout.flush()
    server.serve_forever(poll_interval=0.1)
    server.server_close()
    app.deliveries.close()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description="A stand-in for Trello.")
    parser.add_argument("--host", default="127.0.0.1", help="a loopback address")
    parser.add_argument("--port", type=int, default=8001)
    parser.add_argument("--data-dir", type=Path, help="keeps boards and tokens between runs")
    parser.add_argument(
        "--board",
        type=Path,
        nargs="+",
        action="extend",
        default=[],
        metavar="FILE.json",
        help="boards to load, in Trello's export format",
    )
    parser.add_argument(
        "--allowed-origin",
        action="append",
        default=[],
        help="an origin that may be called back (default: any on this machine)",
    )
    parser.add_argument("--no-limits", action="store_true", help="no rate limits")
    parser.add_argument(
        "--retry-scale",
        type=float,
        default=0.1,
        help="what Trello's pauses between webhook retries are multiplied by",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
