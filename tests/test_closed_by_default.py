"""Every view wants a signed-in person; those that do not are listed here by name."""

PUBLIC = {
    "accounts.choose_password",
    "accounts.setup",
    "accounts.sign_in",
    "health.healthz",
    "health.readyz",
    "static",
    "trello.check_webhook",
    "trello.receive_webhook",
}


def _is_public(app, endpoint):
    return endpoint == "static" or getattr(app.view_functions[endpoint], "is_public", False)


def test_the_public_endpoints_are_those_listed(app):
    public = {endpoint for endpoint in app.view_functions if _is_public(app, endpoint)}
    assert public <= PUBLIC, "a view that is @public has to be named in PUBLIC"
    assert {name for name in PUBLIC if name.startswith("accounts.")} <= public


def test_a_stranger_gets_nowhere_else(app, client, workspace):
    for rule in app.url_map.iter_rules():
        if _is_public(app, rule.endpoint):
            continue
        path = rule.build(dict.fromkeys(rule.arguments, 1), append_unknown=False)[1]
        for method in rule.methods - {"HEAD", "OPTIONS"}:
            answer = client.send(method, path, data={"csrf_token": client.token()})
            assert answer.status_code == 302, f"{method} {rule} answers {answer.status}"
            assert answer.headers["Location"].startswith("/login")


def test_strangers_are_turned_away_before_an_id_is_looked_at(client, workspace):
    assert client.post("/admin/people/999/link").headers["Location"] == "/login"


def test_parameters_in_addresses_are_typed(app):
    texts = {
        f"{rule}: {name}"
        for rule in app.url_map.iter_rules()
        for name in rule.arguments
        if type(rule._converters[name]).__name__ == "UnicodeConverter"
    }
    allowed = {"/welcome/<token>: token"}
    assert {text for text in texts if "_id" in text} == set(), "ids are <int:…>"
    assert allowed <= texts
