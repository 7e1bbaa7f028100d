"""Pages as trees: small selectors, forms as a browser would send them."""

import re
from collections.abc import Iterator
from functools import cache, cached_property, lru_cache
from html import unescape
from html.parser import HTMLParser
from typing import Any

from tests.support.checks import fragment_problems, page_problems

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"}
ENDS_BY_ITSELF = {"dd", "dt", "li", "option", "p", "tbody", "td", "tfoot", "th", "thead", "tr"}
HOLDS_TEXT = {"iframe", "noembed", "noframes", "noscript", "plaintext", "script", "style"} | {
    "textarea",
    "title",
    "xmp",
}
"""What is in these is read by rules of its own."""
_PLAIN_TAG = re.compile(r"<[a-z][a-z0-9]*(?:\s+[a-z][a-z0-9:.-]*(?:=\"[^\"]*\")?)*\s*/?>")
_NAME = re.compile(r"[a-z0-9]+")
_ATTRIBUTE = re.compile(r"\s([a-z][a-z0-9:.-]*)(?:=\"([^\"]*)\")?")
_SIMPLE = re.compile(r"(?P<tag>[a-z][\w-]*)?(?P<rest>(?:[#.][\w-]+|\[[\w-]+(?:=[^\]]*)?\])*)$")
_PART = re.compile(r"([#.])([\w-]+)|\[([\w-]+)(?:=[\"']?([^\"'\]]*)[\"']?)?\]")
Parts = list[tuple[str | None, ...]]
"""Of what a selector asks for: sign and word, or name and value; the rest is None."""


@cache
def _parsed(simple: str) -> tuple[str | None, Parts]:
    """The tag that a selector without spaces asks for, and all else."""
    parsed = _SIMPLE.match(simple)
    assert parsed, f"not a selector that tests understand: {simple}"
    return parsed["tag"], [part.groups() for part in _PART.finditer(parsed["rest"])]


class Node:
    """An element. Selectors are `tag`, `#id`, `.class`, `[name]`, `[name=value]`, and spaces."""

    def __init__(self, tag: str, attrs: dict[str, str], parent: "Node | None" = None) -> None:
        self.tag = tag
        self.attrs = attrs
        self.parent = parent
        self.children: list[Node | str] = []
        self._below: list[Node] | None = None

    def __repr__(self) -> str:
        return f"<{self.tag} {self.attrs}>"

    def __getitem__(self, name: str) -> str:
        return self.attrs[name]

    def __contains__(self, name: str) -> bool:
        return name in self.attrs

    def get(self, name: str, default: str = "") -> str:
        return self.attrs.get(name, default)

    @property
    def classes(self) -> list[str]:
        return self.get("class").split()

    @property
    def text(self) -> str:
        """What it says, with single spaces."""
        return " ".join("".join(self._pieces()).split())

    def _pieces(self) -> Iterator[str]:
        for child in self.children:
            if isinstance(child, str):
                yield child
            elif child.tag not in ("script", "template"):
                yield from child._pieces()

    def walk(self) -> list["Node"]:
        """Everything below, in the order of the page, which is whole by now."""
        if self._below is None:
            self._below = []
            for child in self.children:
                if isinstance(child, Node):
                    self._below += (child, *child.walk())
        return self._below

    def inside(self, tag: str) -> "Node | None":
        """The nearest element of this kind that holds this one."""
        above = self.parent
        while above is not None and above.tag != tag:
            above = above.parent
        return above

    def all(self, selector: str) -> list["Node"]:
        """Everything below that the selector describes."""
        found: list[Node] = [self]
        for simple in selector.split():
            tag, parts = _parsed(simple)
            below = {
                id(node): node
                for one in found
                for node in one.walk()
                if (not tag or node.tag == tag) and node.has(parts)
            }
            found = list(below.values())
        return found

    def one(self, selector: str) -> "Node":
        """The only element that the selector describes."""
        found = self.all(selector)
        assert len(found) == 1, f"{len(found)} of {selector} on the page: {found}"
        return found[0]

    def has(self, parts: "Parts") -> bool:
        """Whether it has this id, these classes and these attributes."""
        for sign, word, name, value in parts:
            if sign == "#" and self.get("id") != word:
                return False
            if sign == "." and word not in self.classes:
                return False
            if name and (name not in self or (value is not None and self[name] != value)):
                return False
        return True

    @property
    def value(self) -> str | list[str]:
        """What a control holds: a list where a select takes several."""
        if self.tag == "textarea":
            return "".join(self._pieces()).replace("\r\n", "\n").removeprefix("\n")
        if self.tag != "select":
            return self.get("value", "on" if self.get("type") in ("checkbox", "radio") else "")
        options = self.all("option")
        chosen = [one for one in options if "selected" in one]
        if "multiple" in self:
            return [one.get("value", one.text) for one in chosen]
        return (chosen or options)[-1 if chosen else 0].get("value") if options else ""

    @property
    def options(self) -> dict[str, str]:
        """The choices of a select: what they say, and what they send."""
        return {one.text: one.get("value", one.text) for one in self.all("option")}


class Form:
    """A form with the values that it would send."""

    def __init__(self, node: Node, page: "Page") -> None:
        self.node, self.page = node, page
        self.method = node.get("method", "get").lower()
        self.action = node.get("action")

    def controls(self) -> list[Node]:
        own = self.node.get("id")
        every = [one for one in self.page.root.walk() if one.tag in ("input", "select", "textarea")]
        return [
            one
            for one in every
            if (one["form"] == own if "form" in one else one.inside("form") is self.node)
        ]

    def buttons(self) -> list[Node]:
        own = self.node.get("id")
        every = self.page.root.all("button") + self.page.root.all("input[type=submit]")
        return [
            one
            for one in every
            if (one["form"] == own if "form" in one else one.inside("form") is self.node)
        ]

    def button(self, name: str) -> Node:
        return next(one for one in self.buttons() if name_of(one, self.page) == name)

    def values(self) -> dict[str, Any]:
        """By field name; a list where several controls or choices share it."""
        sent: dict[str, list[str]] = {}
        for control in self.controls():
            kind = control.get("type")
            if "name" not in control or "disabled" in control or kind in ("submit", "button"):
                continue
            if kind in ("checkbox", "radio") and "checked" not in control:
                continue
            value = control.value
            sent.setdefault(control["name"], []).extend(_listed(value))
        return {name: values[0] if len(values) == 1 else values for name, values in sent.items()}


def _listed(value: str | list[str]) -> list[str]:
    return value if isinstance(value, list) else [value]


def name_of(node: Node, page: "Page") -> str:
    """What a control, link or button is called: by label, aria-label, its text or its value."""
    if node.get("aria-label"):
        return node["aria-label"]
    if node.get("aria-labelledby"):
        named = [page.root.all(f"#{one}") for one in node["aria-labelledby"].split()]
        return " ".join(one.text for found in named for one in found)
    if node.tag in ("a", "button", "summary"):
        texts = [node.text, *(image.get("alt") for image in node.all("img"))]
        titles = [one.text for one in node.all("title")]
        return " ".join(" ".join(dict.fromkeys(texts + titles)).split())
    if node.get("type") in ("submit", "button"):
        return node.get("value")
    if node.get("id") in page.labels:
        return page.labels[node["id"]].text
    around = node.inside("label")
    return around.text if around else ""


class Page:
    """A page or a part of one, parsed."""

    def __init__(self, html: str, path: str = "") -> None:
        self.html, self.path = html, path
        builder = _Builder()
        builder.feed(html)
        builder.close()
        self.root, self.mismatches = builder.root, builder.mismatches
        self.repeated = builder.repeated

    def check(self) -> None:
        problems = page_problems(self)
        assert not problems, "\n".join([*problems, self.html])

    def check_fragment(self) -> None:
        problems = fragment_problems(self)
        assert not problems, "\n".join([*problems, self.html])

    def all(self, selector: str) -> list[Node]:
        return self.root.all(selector)

    def one(self, selector: str) -> Node:
        return self.root.one(selector)

    @cached_property
    def labels(self) -> dict[str, Node]:
        """By the id of the control that they name; a browser takes the first."""
        return {one["for"]: one for one in reversed(self.all("label")) if one.get("for")}

    @cached_property
    def text(self) -> str:
        bodies = self.root.all("body")
        return (bodies[0] if bodies else self.root).text

    @property
    def title(self) -> str:
        return self.one("head title").text

    @property
    def h1(self) -> str:
        return self.one("h1").text

    @property
    def flashes(self) -> list[str]:
        return [node.text for node in self.all("#flashes .flash")]

    def named(self, name: str) -> list[Node]:
        """Every control, link and button that is called exactly so."""
        kinds = ("a", "button", "summary", "input", "select", "textarea")
        return [
            node
            for node in self.root.walk()
            if node.tag in kinds and node.get("type") != "hidden" and name_of(node, self) == name
        ]

    def field(self, label: str) -> Node:
        """The control that bears this label."""
        kinds = ("input", "select", "textarea")
        found = [node for node in self.named(label) if node.tag in kinds]
        assert len(found) == 1, f"{len(found)} fields are labelled {label}"
        return found[0]

    def error(self, label: str) -> str:
        """What is said beneath the field with this label; empty where all is well."""
        said = self.all(f"#{self.field(label)['id']}-errors")
        return said[0].text if said else ""

    def link(self, name: str) -> str:
        """Where the only link of this name leads."""
        found = [node for node in self.named(name) if node.tag == "a"]
        assert len(found) == 1, f"{len(found)} links are called {name}"
        return found[0]["href"]

    @property
    def forms(self) -> list[Form]:
        return [Form(node, self) for node in self.all("form")]

    def form_with(self, button: str) -> Form:
        """The only form that has a button of this name."""
        found = [
            form for form in self.forms if button in [name_of(one, self) for one in form.buttons()]
        ]
        assert len(found) == 1, f"{len(found)} forms have a button {button}"
        return found[0]


@lru_cache(10_000)
def _plain(tag: str) -> tuple[str, list[tuple[str, str | None]]]:
    """The name and the attributes of a tag without oddities; most stand on many pages."""
    name = _NAME.match(tag, 1)
    assert name
    return name[0], [
        (one[1], None if one[2] is None else unescape(one[2])) for one in _ATTRIBUTE.finditer(tag)
    ]


class _Builder(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = self.present = Node("", {})
        self.mismatches: list[str] = []
        self.repeated: list[str] = []

    def parse_starttag(self, i: int) -> int:
        """As the parser does, which takes five times as long over it."""
        found = _PLAIN_TAG.match(self.rawdata, i)
        name, attrs = _plain(found[0]) if found else ("", [])
        if found is None or name in HOLDS_TEXT:
            return super().parse_starttag(i)
        if found[0].endswith("/>"):
            self.handle_startendtag(name, attrs)
        else:
            self.handle_starttag(name, attrs)
        return found.end()

    def updatepos(self, i: int, j: int) -> int:
        """Nobody asks for lines and columns."""
        return j

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ENDS_BY_ITSELF and self.present.tag == tag:
            self.present = self.present.parent or self.root
        node = self._append(tag, attrs)
        if tag not in VOID:
            self.present = node

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._append(tag, attrs)

    def _append(self, tag: str, attrs: list[tuple[str, str | None]]) -> Node:
        node = Node(tag, {}, self.present)
        for name, value in attrs:
            if name in node:
                self.repeated.append(f"<{tag}> has {name} twice")
            node.attrs.setdefault(name, value or "")  # a browser takes the first
        self.present.children.append(node)
        return node

    def handle_endtag(self, tag: str) -> None:
        node: Node | None = self.present
        while node is not None and node.tag != tag and node.tag in ENDS_BY_ITSELF:
            node = node.parent
        if node is None or node.tag != tag:
            self.mismatches.append(f"</{tag}> ends <{self.present.tag}>")
            return
        self.present = node.parent or self.root

    def handle_data(self, data: str) -> None:
        self.present.children.append(data)
