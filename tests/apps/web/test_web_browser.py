"""Visits as a person would make them, in a real browser."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from edgepair.apps.web.settings import Limits


def test_a_visit_to_predict(browser: Any, served: str, fake: Any, texts: Any, tmp_path: Path) -> None:
    spectrum, curve = tmp_path / "rust.xdi", tmp_path / "rust.gr"
    spectrum.write_bytes(texts.spectrum())
    curve.write_bytes(texts.pdf())
    browser.driver.get(served)
    assert browser.see("h1").text == "Predict"
    assert browser.driver.title == "Predict – edgepair"
    browser.choose_files(spectrum, curve)
    browser.see("table.files", text="XANES of Fe")
    browser.see(".curve .drawing", text="As measured")
    # Another E0 is drawn at once.
    from selenium.webdriver.common.by import By

    field = browser.driver.find_element(By.CSS_SELECTOR, "input[placeholder^='71']")
    field.send_keys("7121.5")
    browser.see("dl.facts", text="7121.50 eV")
    # One that cannot be is refused beside the field, and the rest of the page stays.
    field.clear()
    field.send_keys("5")
    browser.see(".controls .notice", text="“E0”")
    field.clear()
    field.send_keys("7122")
    browser.see("dl.facts", text="7122.00 eV")
    # However long the page is, the button is in sight; who pressed it is brought to the answer.
    browser.driver.execute_script("scrollTo(0, 0)")
    lowest = browser.driver.execute_script(
        "return document.querySelector('#predict-answer').getBoundingClientRect().bottom - innerHeight"
    )
    assert lowest <= 0
    browser.see("#predict-answer").click()
    card = browser.see(".card", text="oxidation state 2.98")
    assert browser.driver.switch_to.active_element.text == "Answers"
    assert "rust.xdi + rust.gr" in card.text
    assert fake.calls[-1]["e0"] == 7122.0
    browser.see(".card .js-plotly-plot")
    assert browser.complaints() == []


def test_a_file_dropped_a_wrong_one_dropped_and_the_page_loaded_again(
    browser: Any, served: str, fake: Any, texts: Any
) -> None:
    browser.driver.get(served + "predict")
    browser.drop_file("night.xdi", texts.spectrum().decode())
    browser.see("table.files", text="night.xdi")
    browser.see(".curve .drawing")
    browser.drop_file("holiday.txt", "sun\n" * 40)
    wrong = browser.see("table.files .notice", text="holiday.txt")
    for part in ("Found", "Needed", "Try"):
        assert part in wrong.text
    # A name is text, here and in the answer, whatever it holds.
    evil = "<img src=x onerror=document.body.dataset.hit=1>.xdi"
    browser.drop_file(evil, texts.spectrum().decode())
    browser.see("table.files", text=evil)
    browser.see("#predict-answer").click()
    browser.see(".headline")
    assert browser.driver.execute_script("return document.body.dataset.hit") is None
    browser.driver.refresh()
    browser.see("table.files", text="night.xdi")


def test_of_several_answers_that_whose_name_is_pressed_is_shown(
    browser: Any, served: str, fake: Any, texts: Any
) -> None:
    browser.driver.get(served + "predict")
    for name in ("one.xdi", "<b>two.xdi"):
        browser.drop_file(name, texts.spectrum().decode())
        browser.see("table.files", text=name)
    browser.see("#predict-answer").click()
    browser.see("#predict-opened .card h3", text="one.xdi")
    rows = browser.driver.find_elements("css selector", "#predict-results > .plain tbody tr")
    assert [row.text.split()[0] for row in rows] == ["one.xdi", "<b>two.xdi"]
    assert "2.98" in rows[1].text
    rows[1].find_element("css selector", "button").click()
    browser.see("#predict-opened .card h3", text="<b>two.xdi")
    assert len(browser.driver.find_elements("css selector", "#predict-opened .card")) == 1
    assert browser.complaints() == []


def test_an_example_from_the_address_answers_in_the_dark_by_keyboard_and_fits_a_tablet(
    browser: Any, served: str, fake: Any
) -> None:
    from selenium.webdriver.common.keys import Keys

    browser.driver.get(served + "predict?example=Mn&confidence=80")
    browser.see("table.files", text="XANES of Mn")
    active = browser.driver.switch_to.active_element
    active.send_keys(Keys.TAB)
    assert browser.driver.switch_to.active_element.text == "Skip to the page"
    theme = browser.see("#theme")
    before = theme.text
    theme.send_keys(Keys.ENTER)
    assert browser.see("#theme").text != before
    browser.see("#predict-answer").send_keys(Keys.ENTER)
    browser.see(".headline")
    assert fake.calls[-1]["confidence_level"] == 0.8
    assert "confidence=80" in browser.driver.current_url
    assert "example=Mn" in browser.driver.current_url
    browser.driver.set_window_size(800, 1000)
    browser.see(".curve .drawing")
    browser.fits()


def test_where_there_is_no_room_the_newcomer_is_told(browser: Any, page: Any, served: str) -> None:
    _, services = page
    services.visits.limits = Limits(visits=0)
    browser.driver.get(served)
    told = browser.see("#page .notice", text="cannot let another visitor in")
    assert "try again later" in told.text


def test_a_server_that_asks_for_a_token_lets_its_visitor_in(browser: Any, make_page: Any) -> None:
    import threading

    from werkzeug.serving import make_server

    app, _ = make_page(token="a-token-that-nobody-guesses", port=0)
    server = make_server("127.0.0.1", 0, app.server, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        address = f"http://127.0.0.1:{server.server_port}/"
        browser.driver.get(address)
        assert "Needed: the token" in browser.text()
        browser.driver.get(address + "?token=a-token-that-nobody-guesses")
        browser.see("h1", text="Predict")
        assert "token" not in browser.driver.current_url
        assert browser.driver.execute_script("return document.cookie") == ""
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.slow
def test_a_visit_with_the_real_models(browser: Any, make_page: Any) -> None:
    """Nothing stands in for anything: fitted models, processes of their own."""
    import threading

    from werkzeug.serving import make_server

    from edgepair.apps.web.workers import Worker

    app, _ = make_page(Worker)
    server = make_server("127.0.0.1", 0, app.server, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        browser.driver.get(f"http://127.0.0.1:{server.server_port}/predict?example=Fe")
        browser.see(".curve .drawing", seconds=90)
        browser.see("#predict-answer").click()
        browser.see("progress")
        browser.see("#predict-answers-cancel").click()
        browser.see(".job", text="Cancelled")
        browser.see("#predict-answer").click()
        # Fayalite is in the library: two, six, 2.17 Å.
        browser.see(".headline", text="oxidation state 2.0", seconds=200)
        browser.see(".headline", text="coordination number 6.0")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
