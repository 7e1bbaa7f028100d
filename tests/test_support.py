"""The checks that every page goes through find what they are there for."""

import pytest

from tests.support.html import Page

GOOD = """<!doctype html>
<html lang="en"><head><title>Page · Tally</title></head><body><h1>Page</h1>
<form method="post" action="/x"><input type="hidden" name="csrf_token" value="t">
<label for="a">Title</label><input id="a" name="title" value="One">
<label for="b">List</label><select id="b" name="list" multiple>
<option value="1" selected>First<option value="2" selected>Second</select>
<label><input type="checkbox" name="all" checked> All</label>
<label for="c">Note</label><textarea id="c" name="note">
Two</textarea>
<button name="do" value="save">Save</button></form>
<p class="a b" data-x="1">Said <em>so</em>.</p></body></html>"""


def test_a_good_page_passes():
    Page(GOOD).check()


@pytest.mark.parametrize(
    ("before", "after", "problem"),
    [
        ("<!doctype html>", "", "doctype"),
        ('lang="en"', "", "language"),
        ("Page · Tally", " · Tally", "no title"),
        ("<h1>Page</h1>", "", "has 0"),
        ("<h1>Page</h1>", "<h1>Page</h1><h1>More</h1>", "has 2"),
        ('for="a"', "", "no label"),
        ('for="a"', 'for="z"', "which is not on the page"),
        ('id="b"', 'id="a"', "occurs 2 times"),
        ("<p ", '<p style="color:red" ', "stylesheet"),
        ("<p ", '<p onclick="x()" ', "script in the page"),
        ("<p ", '<p hx-on:click="x()" ', "script in the page"),
        ("<p ", '<p hx-trigger="click[ctrlKey]" ', "needs eval"),
        ("<p ", "<script>x()</script><p ", "belong in files"),
        ("<p ", "<style>p {}</style><p ", "stylesheet"),
        ("<p ", '<a href="/x"></a><p ', "no name"),
        ("<p ", '<img src="/x"><p ', "no alt"),
        ('value="t"', 'value=""', "0 CSRF tokens"),
        ('method="post"', 'method="get"', "stand in the address"),
        ("</em>", "</b>", "do not match"),
        ("<p ", '<p data-x="2" ', "has data-x twice"),
        ('type="checkbox"', 'type="checkbox" type="radio"', "has type twice"),
    ],
)
def test_a_bad_page_does_not(before, after, problem):
    assert before in GOOD
    with pytest.raises(AssertionError, match=problem):
        Page(GOOD.replace(before, after)).check()


def test_a_form_gives_what_a_browser_would_send():
    form = Page(GOOD).form_with("Save")
    assert form.values() == {
        "csrf_token": "t",
        "title": "One",
        "list": ["1", "2"],
        "all": "on",
        "note": "Two",
    }
    assert form.button("Save")["value"] == "save"


def test_selectors():
    page = Page(GOOD)
    assert page.one("body p.a.b").text == "Said so."
    assert page.one("[data-x=1] em").text == "so"
    assert page.one("#a")["name"] == "title"
    assert page.all("p.c") == page.all("[data-x=2]") == []
    assert page.field("List").options == {"First": "1", "Second": "2"}
