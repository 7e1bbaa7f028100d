"""More than fits: refused before it is worked on, with a page that people can read."""

from flask import Flask

from app.security import LARGEST_REQUEST
from tests.attacks.world import World, everything, is_for_machines, rules, takes_upload
from tests.support.client import Client

TOO_MUCH = "x" * (LARGEST_REQUEST + 1)


def test_every_form_refuses_what_is_too_large(app: Flask, admin: Client, world: World) -> None:
    before = everything()
    for rule, method in rules(app, changing=True):
        if is_for_machines(app, rule) or takes_upload(app, rule):
            continue
        form = {"csrf_token": admin.token(), "title": TOO_MUCH}
        page = admin.see(admin.send(method, world.path(rule), data=form), 413)
        assert page.h1 == "That is more than fits"
        part = admin.send(method, world.path(rule), data=form, htmx=True)
        assert (part.status_code, part.headers["HX-Reswap"]) == (413, "none")
        assert "Shorten what you typed and save again." in part.text
    assert everything() == before


def test_so_does_a_stranger_get_it(client: Client, world: World) -> None:
    for path in ("/login", "/setup", "/welcome/x"):
        answer = client.post(path, {"email": TOO_MUCH})
        assert client.see(answer, 413).h1 == "That is more than fits"


def test_a_body_that_is_no_form_is_refused_too(admin: Client, world: World) -> None:
    headers = {"X-CSRFToken": admin.token()}
    for kind in ("application/json", "text/plain", "application/octet-stream"):
        answer = admin.send(
            "POST", "/objectives/new", data=TOO_MUCH, content_type=kind, headers=headers
        )
        assert answer.status_code in (413, 422)


def test_a_thousand_parts_are_too_many(admin: Client, world: World) -> None:
    parts = {f"field-{number}": "x" for number in range(1001)}
    answer = admin.send(
        "POST",
        "/objectives/new",
        data=parts | {"csrf_token": admin.token()},
        content_type="multipart/form-data",
    )
    assert answer.status_code == 413


def test_fields_have_ends_of_their_own(admin: Client, world: World) -> None:
    """What fits into a request still does not fit into every field."""
    admin.page("/")  # whoever looks first finds the present cycles made
    before = everything()
    objective = world.ids["objective_id"]
    for path, name, button in (
        ("/profile", "name", "Save"),
        ("/objectives/new", "title", "Save"),
        ("/objectives/new", "description", "Save"),
        (f"/objectives/{objective}/edit", "title", "Save"),
        (f"/objectives/{objective}/key-results/new", "title", "Save"),
        (f"/connections/{world.ids['connection_id']}/configure", "name", "Save"),
    ):
        answer = admin.submit(admin.page(path), button, {name: "x" * 20_000})
        assert answer.status_code == 422, path
    assert everything() == before


def test_only_admins_may_send_a_large_file(owner: Client, world: World) -> None:
    form = {"csrf_token": owner.token(), "title": TOO_MUCH}
    assert owner.send("POST", "/admin/import", data=form).status_code == 413


def test_a_file_has_a_limit_too(admin: Client, world: World) -> None:
    before = everything()
    told = {"CONTENT_TYPE": "multipart/form-data; boundary=x", "CONTENT_LENGTH": str(50 * 2**20)}
    answer = admin.send("POST", "/admin/import", environ_overrides=told)
    page = admin.see(answer, 413)
    assert page.h1 == "That is more than fits"
    assert "A file may have 25 MB. Export less at a time." in page.text
    assert everything() == before
