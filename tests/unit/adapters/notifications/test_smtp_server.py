import pytest

from ordercore.adapters.notifications.smtp import Security, SmtpServer
from ordercore.domain.errors import InvalidRequest


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://mail.example.com", SmtpServer(host="mail.example.com", port=25, security=Security.NONE)),
        ("smtps://mail.example.com/", SmtpServer(host="mail.example.com", port=465, security=Security.TLS)),
        (
            "smtp+starttls://shop%40example.com:p%2Fw%3A@mail.example.com:2525",
            SmtpServer(
                host="mail.example.com",
                port=2525,
                security=Security.STARTTLS,
                username="shop@example.com",
                password="p/w:",
            ),
        ),
        (
            "smtp://shop:pw@localhost:1025",
            SmtpServer(host="localhost", port=1025, security=Security.NONE, username="shop", password="pw"),
        ),
        (
            "smtp://shop:pw@[::1]",
            SmtpServer(host="::1", port=25, security=Security.NONE, username="shop", password="pw"),
        ),
    ],
)
def test_a_url_names_the_server(url: str, server: SmtpServer) -> None:
    assert SmtpServer.of(url) == server


@pytest.mark.parametrize(
    "url",
    [
        "",
        "mail.example.com",
        "http://hunter2@mail.example.com",
        "smtp://",
        "smtp://mail.example.com:many",
        "smtp://mail.example.com:99999",
        "smtps://shop:hunter2@mail.example.com/inbox",
        "smtps://shop:hunter2@mail.example.com?tls=no",
        "smtps://hunter2@mail.example.com",
        "smtp://shop:hunter2@mail.example.com",
        "smtp://shop:hunter2@10.0.0.1",
        "smtps://shop:hunter2@[mail",
    ],
)
def test_a_url_that_is_none_or_unsafe_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(InvalidRequest, match="ORDERCORE_SMTP_URL") as refused:
        SmtpServer.of(url)
    assert "hunter2" not in str(refused.value)
    assert "hunter2" not in str(refused.value.__cause__)


def test_a_password_is_never_shown() -> None:
    assert "hunter2" not in repr(SmtpServer.of("smtps://shop:hunter2@mail.example.com"))
