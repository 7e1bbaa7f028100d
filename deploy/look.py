"""python3 deploy/look.py ADDRESS EMAIL: signs in as a person does, with the password from standard
input, and prints the progress and the value of every item. For the trials, whose certificate is
their own.
"""

import re
import ssl
import sys
import urllib.parse
import urllib.request
from http.cookiejar import CookieJar

ITEM = re.compile(r'href="(/(?:objectives|key-results)/\d+)[/"?#]')
FIGURES = re.compile(r'data-measure="[^"]*" data-progress="([^"]*)".*? data-value="([^"]*)"')


def main() -> None:
    address, email = sys.argv[1:]
    browser = urllib.request.build_opener(
        urllib.request.HTTPSHandler(context=ssl._create_unverified_context()),
        urllib.request.HTTPCookieProcessor(CookieJar()),
    )
    browser.addheaders = [("Referer", f"{address}/login")]

    def read(path: str, form: dict[str, str] | None = None) -> str:
        body = urllib.parse.urlencode(form).encode() if form else None
        with browser.open(address + path, body, timeout=20) as answer:
            return str(answer.read().decode())

    token = re.search(r'name="csrf_token"[^>]*value="([^"]*)"', read("/login"))
    assert token, "the sign-in page has no form"
    home = read(
        "/login", {"csrf_token": token[1], "email": email, "password": sys.stdin.readline().strip()}
    )
    assert 'name="password"' not in home, "the sign-in was refused"
    seen, found = set[str](), set(ITEM.findall(read("/okrs")))
    while new := found - seen:
        path = min(new)
        page = read(path)
        for progress, value in FIGURES.findall(page):
            sys.stdout.write(f"{path} {progress} {value}\n")
        found.update(ITEM.findall(page))
        seen.add(path)


if __name__ == "__main__":
    main()
