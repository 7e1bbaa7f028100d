"""Admin, Integrations: which data sources people may connect."""

from flask import flash, render_template
from flask.typing import ResponseReturnValue

from app.access import found, require_admin
from app.audit.log import record
from app.db import db
from app.htmx import see_other
from app.okrs import blueprint
from app.okrs.integrations import all_integrations, integration_named, is_enabled, switch


@blueprint.get("/admin/integrations")
def list_integrations() -> ResponseReturnValue:
    require_admin()
    listed = [(one, is_enabled(one.name)) for one in all_integrations()]
    return render_template("okrs/integrations.html", integrations=listed)


@blueprint.post("/admin/integrations/<string:name>/enable")
def enable_integration(name: str) -> ResponseReturnValue:
    admin = require_admin()
    integration = found(integration_named(name))
    if not is_enabled(name):
        switch(name, True, admin)
        record("integration.enabled", "integration", name=integration.title)
    db.session.commit()
    flash(f"{integration.title} enabled. Go on with “Manage”.", "success")
    return see_other("okrs.list_integrations")


@blueprint.post("/admin/integrations/<string:name>/disable")
def disable_integration(name: str) -> ResponseReturnValue:
    admin = require_admin()
    integration = found(integration_named(name))
    if is_enabled(name):
        switch(name, False, admin)
        record("integration.disabled", "integration", name=integration.title)
    db.session.commit()
    flash(f"{integration.title} disabled. Its syncs are paused; every value stays.", "success")
    return see_other("okrs.list_integrations")
