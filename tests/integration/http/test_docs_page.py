import shutil
import threading
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, sync_playwright
from werkzeug.serving import make_server

from tests.support.api import Api

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine"),
    pytest.mark.timeout(180),
]


@pytest.fixture
def address(api: Api) -> Iterator[str]:
    """The application on a port of this machine."""
    server = make_server("127.0.0.1", 0, api.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def page() -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser.new_page()
        browser.close()


def test_the_docs_are_drawn_and_tried_out_without_leaving_the_machine(api: Api, address: str, page: Page) -> None:
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda failure: said.append(str(failure)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{address}/docs")
    operation = page.locator("#operations-products-get_product")
    operation.wait_for()
    assert page.locator(".opblock").count() >= 30

    page.get_by_role("button", name="Authorize").click()
    page.locator(".auth-container input").fill(api.token or "")
    page.locator(".auth-btn-wrapper .authorize").click()
    page.locator(".auth-btn-wrapper .btn-done").click()
    operation.locator(".opblock-summary-control").click()
    operation.get_by_role("button", name="Try it out").click()
    operation.locator("input[placeholder='product']").fill("sku:MUG")
    operation.get_by_role("button", name="Execute").click()
    answer = operation.locator(".live-responses-table .response")
    answer.wait_for()

    assert "200" in answer.locator(".response-col_status").inner_text()
    assert "quantity_in_stock" in answer.inner_text()
    assert said == []
    assert [url for url in asked if not url.startswith((address, "data:"))] == []
