"""Briefs of unusual data: names like HTML, long names, no targets, all masked, many indicators."""

from __future__ import annotations

from collections.abc import Callable

from kejistats.brief import Brief
from tests.brief.factory import bundle_of
from tests.factory import DISTRICT, districts, indicators, metrics, observation, registry, target

HEADLINE = registry().filter("headline")["id"].to_list()
MANY = 200
LONG = "某某省某某自治州某某高新技术产业开发区暨国家自主创新示范区某某片区管理委员会"


def _brief(name: str = "示例区", *, masked: bool = False, with_targets: bool = True) -> Brief:
    """A brief of all main indicators, each with a target where it is a flow."""
    units = districts(3, {"code": DISTRICT, "name": name})
    value = None if masked else 120
    status = {"status": "masked"} if masked else {}
    figures = [observation(i, value, **status) for i in HEADLINE]
    figures += [observation(i, 100, 2024) for i in HEADLINE]
    flows = registry().filter("headline", measure="flow")["id"]
    targets = [target(i, "total", 300) for i in flows] if with_targets else []
    table = metrics(figures, targets, units=units)
    return Brief(
        bundle_of(table.filter(table["district"] == DISTRICT), units=units, headline=HEADLINE)
    )


def _many() -> Brief:
    """A brief of two hundred indicators with long names that look like HTML."""
    new_indicators = [{"id": f"own_{n}", "name": f"自定<i>指标</i>&{n}的很长很长的名称", "short": f"<b>自定&{n}</b>"}
           for n in range(MANY)]  # fmt: skip
    known = indicators(*new_indicators)
    figures = [observation(f"own_{n}", 120 * 10 ** (n % 6)) for n in range(MANY)]
    table = metrics(
        figures, [target(f"own_{n}", "total", 300) for n in range(0, MANY, 3)], known=known
    )
    main = [f"own_{n}" for n in range(12)]
    return Brief(bundle_of(table.filter(table["district"] == DISTRICT), known=known, headline=main))


ODD: dict[str, Callable[[], Brief]] = {
    "html": lambda: _brief("<b>A</b> & <script>alert(1)</script>区"),
    "long": lambda: _brief(LONG),
    "no targets": lambda: _brief(with_targets=False),
    "masked": lambda: _brief(masked=True),
    "many": _many,
}


def odd(kind: str) -> Brief:
    """A brief of one kind of unusual data."""
    return ODD[kind]()
