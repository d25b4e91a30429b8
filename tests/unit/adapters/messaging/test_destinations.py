import pytest

from ordercore.adapters.messaging.destinations import Destination, destination_of


def read(url: str, *, allows_private: bool = False) -> Destination:
    found = destination_of(url, allows_private=allows_private)
    assert isinstance(found, Destination), found
    return found


def test_a_url_is_read_into_its_parts() -> None:
    found = read("https://shop.example:8443/hooks/orders?key=1#part")
    assert found == Destination(is_secure=True, host="shop.example", port=8443, path="/hooks/orders?key=1")
    assert found.authority == "shop.example:8443"


@pytest.mark.parametrize(
    ("url", "authority", "port"),
    [
        ("https://shop.example", "shop.example", 443),
        ("https://SHOP.example:443/", "shop.example", 443),
        ("https://[2606:4700::1111]/x", "[2606:4700::1111]", 443),
        ("https://[2606:4700::1111]:8443/x", "[2606:4700::1111]:8443", 8443),
        ("https://8.8.8.8:80/", "8.8.8.8:80", 80),
        ("https://xn--bcher-kva.example/", "xn--bcher-kva.example", 443),
    ],
)
def test_the_host_header_has_the_port_where_it_is_unusual(url: str, authority: str, port: int) -> None:
    found = read(url)
    assert (found.authority, found.port, found.path[0]) == (authority, port, "/")


def test_plain_http_is_for_private_addresses() -> None:
    assert read("http://hooks.internal/x", allows_private=True).port == 80
    assert "https://" in str(destination_of("http://shop.example/x", allows_private=False))


@pytest.mark.parametrize(
    "url",
    [
        "",
        "shop.example",
        "//shop.example/",
        "ftp://shop.example/",
        "file:///etc/passwd",
        "https://",
        "https:///path",
        "https://user@shop.example/",
        "https://user:s3cret@shop.example/",
        "https://@shop.example/",
        "https://shop.example:99999/",
        "https://shop.example:x/",
        "https://[::1/",
        "https://[fe80::1%25eth0]/",
        "https://[hello]/",
        "https://[v1.hello:x]/",
        "https://-shop.example/",
        "https://shop..example/",
        "https://" + "a" * 64 + ".example/",
        "https://" + "a." * 127 + "example/",
        "https://shop.example/ space",
        "https://shop.example/\r\nX-Injected: 1",
        "https://shop.example/\x00",
        "https://bücher.example/",
        "https://shop.example/" + "a" * 2000,
    ],
)
def test_a_url_that_leads_nowhere_is_refused_in_words_that_repeat_nothing(url: str) -> None:
    problem = destination_of(url, allows_private=True)
    assert isinstance(problem, str)
    assert "s3cret" not in problem
    assert "shop" not in problem


def test_the_path_is_never_shown() -> None:
    assert "token" not in repr(read("https://shop.example/hooks?token=1"))
