"""Renews the catalogues from the sources, or with --check says what they lack.

From `app/locale/<language>/LC_MESSAGES/squint.po`, which translators write, come the compiled catalogue beside it
and `static/words/<language>.js` for the scripts.
"""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parents[1]
LANGUAGES = ("ru",)
METHODS = [("app/**.py", "python"), ("templates/**.html", "jinja2"), ("static/**.js", "javascript")]
OPTIONS = {
    "templates/**.html": {"trimmed": "true", "silent": "false"},
    "static/**.js": {"parse_template_string": "true"},
}
IGNORED = {"static/vendor", "static/words"}
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "n_": (1, 2), "_n": (1, 2)}
SCRIPTS_FORMS = {"ru": ["one", "few", "many"]}
"""Names of the plural forms in the catalogue's order, as a browser's Intl.PluralRules calls them."""


def po_of(language: str) -> Path:
    return ROOT / "app/locale" / language / "LC_MESSAGES/squint.po"


def extracted() -> Catalog:
    found = Catalog(project="Squint", charset="utf-8", header_comment="")
    messages = extract_from_dir(
        ROOT,
        METHODS,
        OPTIONS,
        KEYWORDS,
        directory_filter=lambda path: (
            Path(path).relative_to(ROOT).as_posix() not in IGNORED and not Path(path).name.startswith(".")
        ),
    )
    for path, _line, message, comments, context in messages:
        found.add(message, None, [(path, 0)], auto_comments=comments, context=context)
    return found


def read(language: str) -> Catalog:
    return read_po(io.BytesIO(po_of(language).read_bytes()), locale=language)


def compiled(catalog: Catalog) -> bytes:
    out = io.BytesIO()
    write_mo(out, catalog)
    return out.getvalue()


def script(catalog: Catalog, language: str) -> str:
    words = {}
    for message in catalog:
        if message.id and message.string and any(path.startswith("static/") for path, _ in message.locations):
            key = message.id if isinstance(message.id, str) else message.id[0]
            words[key] = [message.string] if isinstance(message.string, str) else list(message.string)
    parts = {"forms": SCRIPTS_FORMS[language], "words": dict(sorted(words.items()))}
    lines = [f"export const {k} = {json.dumps(v, ensure_ascii=False, indent=2)};\n" for k, v in parts.items()]
    return "".join(["// Made by `make messages` from the catalogue.\n", *lines])


def renew(language: str) -> None:
    catalog = read(language)
    catalog.update(extracted(), no_fuzzy_matching=True, update_creation_date=False)
    catalog.obsolete.clear()
    catalog.msgid_bugs_address = catalog.last_translator = catalog.language_team = ""
    out = io.BytesIO()
    write_po(out, catalog, width=114, sort_output=True, include_lineno=False)
    po_of(language).write_bytes(out.getvalue())
    write(language, catalog)


def write(language: str, catalog: Catalog) -> None:
    po_of(language).with_suffix(".mo").write_bytes(compiled(catalog))
    (ROOT / "static/words" / f"{language}.js").write_text(script(catalog, language))


def problems(language: str) -> list[str]:
    """Return a sentence for each message that is missing, too many, unfinished or wrongly filled in."""
    catalog, now = read(language), extracted()
    wanted, there = ({message.id for message in c if message.id} for c in (now, catalog))
    found = [f"{language} lacks {message!r}" for message in wanted - there]
    found += [f"{language} has {message!r}, which no source says" for message in there - wanted]
    for message in catalog:
        strings = [message.string] if isinstance(message.string, str) else list(message.string)
        if message.id and (message.fuzzy or not all(strings)):
            found.append(f"{language}: {message.id!r} is not translated")
        found += [f"{language}: {message.id!r}: {error}" for error in message.check(catalog)]
    if po_of(language).with_suffix(".mo").read_bytes() != compiled(catalog):
        found.append(f"{language}: the compiled catalogue is older than the written one; run make messages")
    if (ROOT / "static/words" / f"{language}.js").read_text() != script(catalog, language):
        found.append(f"{language}: the scripts' words are older than the catalogue; run make messages")
    return sorted(found)


def main() -> None:
    for language in LANGUAGES:
        if "--check" in sys.argv:
            sys.stdout.writelines(f"{problem}\n" for problem in problems(language))
            sys.exit(1 if problems(language) else 0)
        renew(language)


if __name__ == "__main__":
    main()
