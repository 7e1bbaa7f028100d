"""The only code that knows how htmx asks and what it wants to hear."""

from flask import Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue


def is_htmx() -> bool:
    """True when htmx asks for a part of the page; going back through history wants a whole one."""
    return (
        request.headers.get("HX-Request") == "true"
        and request.headers.get("HX-History-Restore-Request") != "true"
    )


def see_other(endpoint: str, **values: object) -> ResponseReturnValue:
    """After a change: go and look (303, so that the browser asks with GET)."""
    return redirect(url_for(endpoint, **values), code=303)  # type: ignore[arg-type]


def go_on(endpoint: str, **values: object) -> ResponseReturnValue:
    """Leave the page for another one, also where htmx asked for a part of it."""
    if not is_htmx():
        return see_other(endpoint, **values)
    return Response(headers={"HX-Redirect": url_for(endpoint, **values)})  # type: ignore[arg-type]


def fragment(template: str, status: int = 200, **values: object) -> ResponseReturnValue:
    """One partial, with the messages that are waiting carried along out of band."""
    body = render_template(template, **values) + render_template("_flashes.html", out_of_band=True)
    return Response(body, status=status)


def stay(body: str, status: int) -> ResponseReturnValue:
    """Leave the page as it is, with all that is typed in it, but for what comes out of band."""
    return Response(body, status=status, headers={"HX-Reswap": "none"})


def sign_in_elsewhere(address: str) -> ResponseReturnValue:
    """Tell htmx to move the whole page to the sign-in form, never to swap it into a part."""
    return Response(status=401, headers={"HX-Redirect": address})
