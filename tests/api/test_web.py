"""The design system and both faces: languages complete, nothing inline, nothing from elsewhere, every page known."""

from __future__ import annotations

import ast
import re
import string
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest
from babel import Locale
from fastapi.testclient import TestClient

from api.people.service import User
from api.review.phrases import said
from api.web import figures
from api.web.messages import LANGUAGES, Catalogue, MessageError, catalogue, load_catalogue
from api.web.rendering import STATIC_FOLDER, TEMPLATE_FOLDER, environment, static_url
from api.web.route_list import committed, route_list

TEMPLATES = sorted(TEMPLATE_FOLDER.rglob("*.html"))
STATICS = sorted(path for path in STATIC_FOLDER.rglob("*") if path.suffix in {".css", ".js", ".svg"})
CODE = [path for path in Path(figures.__file__).parents[1].rglob("*.py") if "migrations" not in path.parts]
PAGE = {"accept": "text/html"}
# Keys that are put together: what stands before the changing part.
_KEY_IN_TEMPLATE = re.compile(r"""\bt\(\s*"([a-z][a-z0-9_.-]*[a-z0-9_])"\s*[,)]""")
_KEY_IN_CODE = re.compile(
    r"""(?:\bsay|catalogue\(\)\.text)\(\s*(?:[a-z_.]+,\s*)?"([a-z][a-z0-9_]*\.[a-z0-9_.-]+)"\s*[,)]"""
)


def named(path: Path) -> str:
    return str(path.relative_to(path.parents[2]))


class Elements(HTMLParser):
    """Start tags of a page with their attributes, in order, and the fields that are inside a label."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.labelled_by_parent: list[dict[str, str | None]] = []
        self._labels = 0
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.found.append((tag, values))
        self._labels += tag == "label"
        if self._labels and tag in {"input", "select", "textarea"}:
            self.labelled_by_parent.append(values)

    def handle_endtag(self, tag: str) -> None:
        self._labels -= tag == "label"

    def all(self, *tags: str) -> list[dict[str, str | None]]:
        return [values for tag, values in self.found if tag in tags]


def fields_of(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


class TestMessages:
    @pytest.mark.parametrize("language", LANGUAGES)
    def test_every_message_is_there_in_every_language(self, language: str) -> None:
        assert [key for key, texts in catalogue().entries.items() if not texts.get(language)] == []

    def test_translations_name_the_same_values(self) -> None:
        differing = []
        for key, texts in catalogue().entries.items():
            named_values = {
                language: set().union(
                    *(fields_of(form) for form in (text.values() if isinstance(text, dict) else [text]))
                )
                for language, text in texts.items()
            }
            if len({frozenset(values) for values in named_values.values()}) != 1:
                differing.append(key)
        assert differing == []

    def test_plural_forms_are_those_of_the_language(self) -> None:
        for key, texts in catalogue().entries.items():
            for language, text in texts.items():
                if isinstance(text, dict):
                    forms = set(Locale.parse(language).plural_form.tags) | {"other"}
                    assert set(text) == forms, f"{key} in {language}"

    def test_every_key_that_a_template_names_exists(self) -> None:
        for path in TEMPLATES:
            keys = set(_KEY_IN_TEMPLATE.findall(path.read_text()))
            assert {key for key in keys if not catalogue().has(key)} == set(), named(path)

    def test_every_key_that_the_code_names_exists(self) -> None:
        for path in CODE:
            keys = set(_KEY_IN_CODE.findall(path.read_text()))
            assert {key for key in keys if not catalogue().has(key)} == set(), named(path)

    def test_a_missing_message_or_value_is_an_error_that_names_it(self) -> None:
        made = Catalogue({"greeting": {"id": "Halo {name}", "en": "Hello {name}"}})
        assert made.text("en", "greeting", name="{name}") == "Hello {name}"
        with pytest.raises(MessageError, match="greeting"):
            made.text("en", "greeting")
        with pytest.raises(MessageError, match="farewell"):
            made.text("en", "farewell")

    def test_one_key_in_two_files_is_refused(self, tmp_path: Path) -> None:
        for name in ("a", "b"):
            (tmp_path / f"{name}.yaml").write_text('x.y: {id: "a", en: "a"}\n')
        with pytest.raises(MessageError, match=r"x\.y is already defined"):
            load_catalogue(tmp_path)


class TestFigures:
    def test_money_moments_and_lengths(self) -> None:
        at = datetime(2026, 11, 24, 10, 40, 5, tzinfo=UTC)
        assert figures.rupiah(500_000) == "Rp\u00a0500.000"
        assert figures.moment(at, "id") == "24 Nov 2026, 17.40\u00a0WIB"
        assert figures.moment(at, "en", seconds=True) == "24 Nov 2026, 17:40:05\u00a0WIB"
        assert figures.duration(timedelta(hours=26, minutes=3), "en") == "1\u00a0d 2\u00a0h"
        assert figures.duration(timedelta(seconds=-45), "id") == "45\u00a0dtk"
        assert figures.duration(timedelta(), "id") == "0\u00a0dtk"
        assert figures.number(1234.5, "id") == "1.234,5"
        with pytest.raises(ValueError, match="time zone"):
            figures.moment(at.replace(tzinfo=None), "id")

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("wheels inside for 3.2 s in 41 pictures", "roda di dalam selama 3,2 dtk pada 41 gambar"),
            ("car (97% of the looks)", "mobil (97% dari semua gambar)"),
            ("Something that no catalogue knows", "Something that no catalogue knows"),
            ("<b>{0}</b> {pictures}", "<b>{0}</b> {pictures}"),
        ],
    )
    def test_sentences_of_the_roadside_are_recognised_or_shown_as_they_came(self, text: str, expected: str) -> None:
        assert said(text, "id") == expected
        assert said(text, "en") == text


def test_the_conditions_of_every_rule_are_said_in_indonesian() -> None:
    rules = Path(figures.__file__).parents[2] / "pipeline" / "rules"
    names = [
        call.args[0].value
        for path in rules.glob("*.py")
        for call in ast.walk(ast.parse(path.read_text()))
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Name)
        and call.func.id == "met"
        and isinstance(call.args[0], ast.Constant)
    ]
    assert names
    assert [name for name in names if said(str(name), "id") == name] == []


class TestTemplates:
    @pytest.mark.parametrize("path", TEMPLATES, ids=named)
    def test_it_compiles_and_holds_nothing_inline_and_nothing_unescaped(self, path: Path) -> None:
        text = path.read_text()
        environment().get_template(str(path.relative_to(TEMPLATE_FOLDER)))
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", text, re.IGNORECASE)
        assert not re.search(r"<script(?![^>]*\ssrc=)", text)
        assert not re.search(r"\|\s*safe|autoescape\s+false|Markup\(", text)
        assert not re.search(r"(?:src|href|action)=\"(?:https?:)?//", text)

    @pytest.mark.parametrize("path", STATICS, ids=named)
    def test_styles_and_scripts_fetch_nothing_from_elsewhere(self, path: Path) -> None:
        text = path.read_text().replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"https?://|//[a-z]+\.|@import|eval\(|new Function|innerHTML", text)
        for imported in re.findall(r'from "([^"]+)"', text):
            assert (path.parent / imported).is_file(), imported


class TestContrast:
    """WCAG 2.2 AA: 4.5 : 1 for text, 3 : 1 for the edges of fields and for the focus."""

    TEXT = (
        *((ink, ground) for ink in ("ink", "ink-soft", "link", "bad", "warning") for ground in ("ground", "surface")),
        *((f"{tone}", f"{tone}-ground") for tone in ("info", "good", "warning", "bad")),
        *(("ink", f"{tone}-ground") for tone in ("info", "good", "warning", "bad")),
        ("ink", "sunken"),
        ("ink-soft", "sunken"),
        ("accent-ink", "accent"),
        ("head-ink", "head-ground"),
        ("head-soft", "head-ground"),
        ("plate-ink", "plate-ground"),
    )
    EDGES = (("line-strong", "surface"), ("focus", "surface"), ("focus", "ground"))

    @pytest.mark.parametrize("theme", ["light", "dark"])
    def test_text_and_edges_stand_out(self, theme: str) -> None:
        css = (STATIC_FOLDER / "css" / "tertib.css").read_text().partition("@media print")[0]
        light, _, dark = css.partition("@media (prefers-color-scheme: dark)")
        values = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", light))
        if theme == "dark":
            values |= dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", dark))
        for pairs, least in ((self.TEXT, 4.5), (self.EDGES, 3.0)):
            for ink, ground in pairs:
                assert contrast(values[ink], values[ground]) >= least, f"{ink} on {ground} in the {theme} theme"


def contrast(one: str, other: str) -> float:
    """WCAG's ratio of two colours as `#rrggbb`."""

    def luminance(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


class TestPages:
    def test_headers_let_nothing_in_from_elsewhere(self, client: TestClient) -> None:
        headers = client.get("/design").headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"

    def test_static_files_are_kept_while_their_content_stays(self, client: TestClient) -> None:
        assert "immutable" in client.get(static_url("css/tertib.css")).headers["cache-control"]
        assert client.get("/static/css/tertib.css?v=old").headers["cache-control"] == "no-cache"
        for path in ("/static/..%2Froutes.py", "/static/%2e%2e/routes.py", "/static/css", "/static/absent.css"):
            assert client.get(path).status_code == 404

    @pytest.mark.parametrize(
        ("asked", "expected"),
        [
            ({"headers": {"accept-language": "en-GB,en;q=0.9"}}, "en"),
            ({"headers": {"accept-language": "fr, id;q=0.4, en;q=0.3"}}, "id"),
            ({"headers": {"accept-language": "\x7f;q=x,,"}}, "id"),
            ({"params": {"lang": "en"}}, "en"),
            ({"params": {"lang": "xx"}}, "id"),
        ],
    )
    def test_the_language_is_asked_chosen_or_indonesian(
        self, client: TestClient, asked: dict[str, dict[str, str]], expected: str
    ) -> None:
        page = client.get("/sign-in", **asked)  # type: ignore[arg-type]
        assert f'<html lang="{expected}">' in page.text

    def test_a_chosen_language_stays(self, client: TestClient) -> None:
        client.get("/sign-in?lang=en")
        assert '<html lang="en">' in client.get("/sign-in").text

    @pytest.mark.parametrize("path", ["/design", "/sign-in", "/absent", "/review"])
    @pytest.mark.parametrize("language", LANGUAGES)
    def test_a_page_can_be_used_by_everybody(
        self, client: TestClient, officer: User, sign_in: Callable[[User], TestClient], path: str, language: str
    ) -> None:
        if path == "/review":
            sign_in(officer)
        page = client.get(path, params={"lang": language}, headers=PAGE)
        check_page(page.text, language)

    def test_every_address_is_known(self, client: TestClient) -> None:
        """A new page is added to api/web/routes_list.txt, and looked at."""
        here = route_list(client.app)  # type: ignore[arg-type]
        assert sorted(set(here) ^ set(committed())) == []


def check_page(html: str, language: str) -> None:
    """One h1, title and language; unique ids; a label for each field, a text for each picture, a token a form."""
    page = Elements(html)
    assert page.all("html")[0]["lang"] == language
    assert len(page.all("h1")) == 1
    assert html.partition("</head>")[0].count("<title>") == 1  # a drawing may name its parts in the same way
    assert page.all("main")[0]["id"] == "main"
    ids = [values["id"] for _, values in page.found if values.get("id")]
    assert len(ids) == len(set(ids))
    assert all("alt" in values for values in page.all("img"))
    labels = {values.get("for") for values in page.all("label")}
    for field in page.all("input", "select", "textarea"):
        if field.get("type") in {"hidden", "submit"}:
            continue
        assert field.get("id") in labels or field in page.labelled_by_parent or field.get("aria-label"), field
    for form, values in page.found:
        if form == "form" and values.get("method") == "post":
            assert 'name="csrf_token"' in html
    for values in page.all("a"):
        assert values.get("href"), values
    described = " ".join(values.get("aria-describedby") or "" for _, values in page.found).split()
    assert set(described) <= set(ids)
