"""Sphinx: the buttons of a chapter that open its edition in Colab and Binder."""

from functools import partial
from pathlib import Path
from typing import Any

import yaml
from sphinx.application import Sphinx

from .addresses import Addresses, addresses


def setup(app: Sphinx) -> dict[str, bool]:
    config = yaml.safe_load(Path(app.srcdir, "_config.yml").read_text(encoding="utf-8"))
    if found := addresses(config):  # after the theme's own buttons
        app.connect("html-page-context", partial(add_buttons, found), priority=502)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def add_buttons(
    found: Addresses,
    app: Sphinx,
    page: str,
    template: str,
    context: dict,
    doctree: Any,
) -> None:
    if not page.startswith("chapters/"):
        return
    buttons = [
        button("Colab", "logo_colab.png", found.colab(page)),
        button("Binder", "logo_binder.svg", found.binder(page)),
    ]
    group = {
        "type": "group",
        "tooltip": "Open this chapter",
        "icon": "fas fa-rocket",
        "buttons": buttons,
        "label": "launch-buttons",
    }
    context["header_buttons"].insert(0, group)


def button(service: str, icon: str, url: str) -> dict[str, str]:
    return {
        "type": "link",
        "text": service,
        "tooltip": f"Open in {service}",
        "icon": f"_static/images/{icon}",
        "url": url,
    }
