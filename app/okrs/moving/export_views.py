"""Taking everything away that one may see: as CSV, as a workbook, as JSON."""

import json

from flask import Response
from flask.typing import ResponseReturnValue

from app.access import me
from app.db import utcnow
from app.okrs import blueprint
from app.okrs.moving.document import document
from app.okrs.moving.gathering import gather
from app.okrs.moving.table import header, rows
from app.okrs.moving.table_files import csv_lines

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@blueprint.get("/okrs/export.csv")
def export_csv() -> ResponseReturnValue:
    lines = csv_lines(header(), rows(gather(me())))
    return _file("".join(lines).encode(), "csv", "text/csv")


@blueprint.get("/okrs/export.xlsx")
def export_xlsx() -> ResponseReturnValue:
    from app.okrs.moving.workbooks import workbook

    return _file(workbook(header(), rows(gather(me()))), "xlsx", XLSX)


@blueprint.get("/okrs/export.json")
def export_json() -> ResponseReturnValue:
    told = json.dumps(document(gather(me())), ensure_ascii=False, separators=(",", ":"))
    return _file(told.encode(), "json", "application/json")


def _file(content: bytes, ending: str, kind: str) -> ResponseReturnValue:
    name = f"okrs-{utcnow():%Y-%m-%d}.{ending}"
    return Response(
        content, mimetype=kind, headers={"Content-Disposition": f"attachment; filename={name}"}
    )
