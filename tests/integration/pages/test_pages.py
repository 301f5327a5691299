# SPDX-License-Identifier: Apache-2.0
"""The pages in a real browser: it finds nothing wrong, fetches nothing from elsewhere, and they do what they say."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.pages.chromium import Browser, Page, browser
from tests.integration.pages.conftest import LONG, MANY, ODD, Site

PAGES = ("/", "/fed/", "/fed/atlas/raw/", "/fed/empty/", "/fed/many/", "/-/endpoints", "/-/locate",
         "/-/locate?path=/atlas/raw/b.root", "/-/locate?path=/none&from=192.0.2.1")  # fmt: skip
RAW = "/fed/atlas/raw/"
FILES = ["a.root", "b.root", "c.txt", LONG, ODD]


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One browser for all tests."""
    with browser(tmp_path_factory.mktemp("chromium")) as running:
        yield running


def names(page: Page) -> list[str]:
    """Return the names that can be seen in a listing, in order, without the way up."""
    found: list[str] = page.value(
        "[...document.querySelectorAll('tbody:last-of-type tr')].filter(row => row.offsetHeight)"
        ".map(row => row.cells[0].textContent)"
    )
    return found


def focused(page: Page) -> Any:
    """Return what the keyboard acts upon: the text of a link, or the kind of element."""
    return page.value(
        "document.activeElement.matches('a') ? document.activeElement.textContent : document.activeElement.localName"
    )


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1200, 390], ids=["desktop", "phone"])
def test_browser_finds_nothing_wrong_and_fetches_nothing_from_elsewhere(
    site: Site, chromium: Browser, width: int, dark: bool
) -> None:
    for target in PAGES:
        page = chromium.open(site.ugr.url + target, width=width, dark=dark)
        assert page.problems == [], target
        assert [url for url in page.requests if not url.startswith("data:")] == [site.ugr.url + target]
        assert page.value("document.documentElement.scrollWidth <= innerWidth"), f"{target} is wider than the window"
        assert page.value("getComputedStyle(document.body).backgroundColor") == (
            "rgb(15, 20, 25)" if dark else "rgb(255, 255, 255)"
        )
        page.close()


def test_error_is_a_page_as_well(site: Site, chromium: Browser) -> None:
    page = chromium.open(f"{site.ugr.url}{RAW}none")
    assert page.value("document.querySelector('h1').textContent") == "Not Found"
    assert page.problems == ["error: Failed to load resource: the server responded with a status of 404 (Not Found)"]
    page.close()


def test_without_scripts_everything_is_there_and_nothing_that_needs_them(site: Site, chromium: Browser) -> None:
    page = chromium.open(site.ugr.url + RAW, script=False)
    assert names(page) == ["2026/", *FILES]
    assert page.value("[...document.querySelectorAll('.tools, .keys')].map(part => part.offsetHeight)") == [0, 0]
    assert page.value("document.querySelectorAll('button').length") == 0
    assert "Not asked, because it is down: taipei." in page.value("document.body.textContent")
    page.close()


def test_columns_sort_the_table_directories_first(site: Site, chromium: Browser) -> None:
    page = chromium.open(site.ugr.url + RAW)
    assert names(page) == ["2026/", *FILES]
    page.click("th:nth-child(2) button")
    assert names(page) == ["2026/", "b.root", LONG, ODD, "a.root", "c.txt"]
    page.click("th:nth-child(2) button")
    assert names(page) == ["2026/", "c.txt", "a.root", ODD, LONG, "b.root"]
    page.click("th:nth-child(3) button")
    assert names(page) == ["2026/", "b.root", LONG, ODD, "a.root", "c.txt"]
    assert page.value("document.querySelector('th:nth-child(3)').ariaSort") == "descending"
    assert page.value("document.querySelectorAll('[aria-sort]').length") == 1
    page.click("th:nth-child(1) button")
    assert names(page) == ["2026/", *FILES]
    assert page.problems == []
    page.close()


def test_address_keeps_order_and_search(site: Site, chromium: Browser) -> None:
    page = chromium.open(f"{site.ugr.url}{RAW}#sort=1&down=1&find=o")
    assert names(page) == ["b.root", LONG, ODD, "a.root"]
    assert page.value("document.querySelector('output').textContent") == "4 of 6"
    page.click("th:nth-child(2) button")
    assert page.value("location.hash") == "#sort=1&find=o"
    page.close()


def test_keys_search_move_and_open(site: Site, chromium: Browser) -> None:
    page = chromium.open(f"{site.ugr.url}/fed/many/")
    assert len(names(page)) == MANY
    page.press("/")
    assert focused(page) == "input"
    for key in "1999":
        page.press(key)
    assert names(page) == ["file-01999"]
    page.press("ArrowDown")
    page.press("ArrowDown")
    assert focused(page) == "file-01999"
    page.press("ArrowDown")
    assert focused(page) == "file-01999"
    page.press("ArrowUp")
    page.press("ArrowUp")
    assert focused(page) == "input"
    page.press("Escape")
    assert len(names(page)) == MANY
    assert focused(page) == "body"
    page.press("ArrowDown")
    assert focused(page) == "../"
    page.arrive(lambda: page.press("Enter"))
    assert page.value("location.pathname") == "/fed/"
    assert page.problems == []
    page.close()


def test_every_word_of_a_search_must_be_in_the_name(site: Site, chromium: Browser) -> None:
    page = chromium.open(f"{site.ugr.url}{RAW}#find=QUOTES%20odd")
    assert names(page) == [ODD]
    page.close()


def test_links_of_odd_names_lead_to_their_files(site: Site, chromium: Browser) -> None:
    page = chromium.open(site.ugr.url + RAW)
    for name in FILES:
        links = f"[...document.querySelectorAll('td a')].filter(link => link.textContent === {json.dumps(name)})"
        (target,) = page.value(f"{links}.map(link => link.getAttribute('href'))")
        assert site.ugr.ask(target).status == 302
    page.close()


def test_board_sorts_as_well(site: Site, chromium: Browser) -> None:
    page = chromium.open(f"{site.ugr.url}/-/endpoints")
    assert names(page) == ["geneva", "taipei", "victoria"]
    page.click("th:nth-child(2) button")
    assert names(page)[0] == "taipei"
    assert page.problems == []
    page.close()


def test_form_asks_for_a_path(site: Site, chromium: Browser) -> None:
    page = chromium.open(f"{site.ugr.url}/-/locate")
    page.click("input[name=path]")
    for key in "/none":
        page.press(key)
    page.arrive(lambda: page.press("Enter"))
    assert page.value("location.search") == "?path=%2Fnone&from="
    assert "not-found" in page.value("document.body.textContent")
    page.close()
