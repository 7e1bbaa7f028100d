"""What people are called and call things gets no further into a mail than its own place."""

from email import message_from_bytes
from email.headerregistry import Address

import pytest

from app.mail.message import plain_message

SENDER = Address("Tally", "okr", "example.com")
EVIL = "Reply-To:_evil@evil.example=0D=0AContent-Type:_text/html=0D=0A=0D=0A<b>Hello</b>"
USUAL = {
    "From",
    "To",
    "Subject",
    "Date",
    "Auto-Submitted",
    "X-Auto-Response-Suppress",
    "MIME-Version",
    "Content-Type",
    "Content-Transfer-Encoding",
}


@pytest.mark.parametrize(
    "text",
    [
        f"=?utf-8?q?hi=0D=0A{EVIL}?=",
        f"hello =?UTF-8?Q?hi=0A{EVIL}?= there",
        "=?utf-8?b?aGkNClJlcGx5LVRvOiBldmlsQGV2aWwuZXhhbXBsZQ0KDQpC?=",
        "hi\r\nReply-To: evil@evil.example\r\n\r\nBody",
        "hi\u2028Reply-To: evil@evil.example\x85Bcc: evil@evil.example",
        "=" * 3 + "??=?=?",
        "Zoë =?utf-8?q?=0D=0ABcc:_evil@evil.example?= " + "long " * 30,
    ],
    ids=["encoded", "in the middle", "base64", "plain", "other breaks", "broken", "folded"],
)
def test_no_name_and_no_subject_adds_a_header_or_a_body(text: str) -> None:
    wire = plain_message(SENDER, text, "bob@example.com", text, "The text.\n").as_bytes()
    read = message_from_bytes(wire)
    assert set(read.keys()) == USUAL
    assert len(read.keys()) == len(USUAL)
    assert read.get_content_type() == "text/plain"
    assert read.get_payload(decode=True).splitlines() == [b"The text."]
