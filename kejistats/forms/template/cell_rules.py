"""Data validation of input cells, which spreadsheet programs keep and enforce."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kejistats.model.numbers import format_number
from kejistats.model.period import Checkpoint
from kejistats.model.tables.observation import BASES
from kejistats.model.units import COUNT_UNITS

GRADES = ["预计", "快报", "年报"]
_PERIOD_HINTS = {"flow": "{months}累计数", "stock": "{month}月末数", "ratio": "{months}数"}


def truncate(text: str, limit: int) -> str:
    """Truncate a text to `limit` UTF-16 code units, in which workbooks count.

    Examples
    --------
    >>> truncate("高新技术企业", 4), truncate("ab", 4)
    ('高新技术', 'ab')
    """
    return text.encode("utf-16-le")[: 2 * limit].decode("utf-16-le", "ignore")


def number_or_text(cell: str, *conditions: str) -> str:
    """Return a formula that accepts any text, and numbers that meet all conditions.

    Text is accepted because 约3.2万, xx and 无 are valid answers; intake checks it. IF keeps the
    conditions from being evaluated on text, where they would be errors.

    Examples
    --------
    >>> number_or_text("I3", "I3>=0")
    '=IF(ISNUMBER(I3),I3>=0,ISTEXT(I3))'
    """
    if not conditions:
        return f"=OR(ISNUMBER({cell}),ISTEXT({cell}))"
    combined = conditions[0] if len(conditions) == 1 else f"AND({','.join(conditions)})"
    return f"=IF(ISNUMBER({cell}),{combined},ISTEXT({cell}))"


def is_count(indicator: Mapping[str, Any]) -> bool:
    """Tell whether the indicator counts things, so that its figures are whole numbers."""
    return indicator["unit"] in COUNT_UNITS


def value_check(indicator: Mapping[str, Any], at: Checkpoint, cell: str) -> dict[str, Any]:
    """Return the data validation of 本期数, with its hint and error message.

    Parameters
    ----------
    indicator
        Row of the Indicator table.
    at
        The checkpoint.
    cell
        Address of the first cell it applies to.
    """
    conditions, rules = [], []
    if not indicator["negative"]:
        conditions.append(f"{cell}>=0")
        rules.append("不能为负数")
    if indicator["maximum"] is not None:
        maximum = format_number(indicator["maximum"], 6).rstrip("0").rstrip(".")
        conditions.append(f"{cell}<={maximum}")
        rules.append(f"不能超过{maximum}{indicator['unit']}")
    if is_count(indicator):
        conditions.append(f"{cell}=INT({cell})")
        rules.append("应为整数")
    unit, name = indicator["unit"], indicator["short"]
    period_hint = _PERIOD_HINTS[indicator["measure"]].format(months=at.months, month=at.month)
    example = f"约3.2{unit}" if unit[:1] in "%万亿" else "约3.2万"
    hint = (
        f"填{period_hint}，单位：{unit}" + "".join(f"，{rule}" for rule in rules) + "。\n"
        f"照原文填写：未公布填“xx”，未发生填“0”，无此项填“无”，未报留空，概数写“{example}”。"
    )
    error = f"“{name}”的数值" + "，".join(rules) + "。概数、未公布等情况请按填报说明用文字填写。"
    return _formula_check(number_or_text(cell, *conditions), name, hint, error)


def growth_check(indicator: Mapping[str, Any], cell: str) -> dict[str, Any]:
    """Return the data validation of 公布增速: nothing falls by more than 100%."""
    is_rate = indicator["growth"] == "percent" and not indicator["negative"]
    conditions = [f"{cell}>=-100"] if is_rate else []
    if is_rate:
        hint = "只填来源已经公布的增速（%）：12.3%填“12.3”，下降填负数；没有公布的留空。"
    else:
        unit = "个百分点" if indicator["unit"] == "%" else indicator["unit"]
        hint = f"只填来源已经公布的增减（{unit}），下降填负数；没有公布的留空。"
    error = "增速不能低于-100%。" if is_rate else "请填数值。"
    return _formula_check(number_or_text(cell, *conditions), "公布增速", hint, error)


def date_check(at: Checkpoint, cell: str) -> dict[str, Any]:
    """Return the data validation of 截止日期: a day of the year up to the checkpoint's end."""
    first, last = (f"DATE({at.year},{m},{d})" for m, d in ((1, 1), (at.month, at.end.day)))
    hint = f"数据不是截至{at.cut_off}的才填，写作“{at.year}-{at.month:02d}-20”。"
    error = f"应为{at.year}年1月1日至{at.cut_off}之间的日期。"
    formula = number_or_text(cell, f"{cell}>={first}", f"{cell}<={last}")
    return _formula_check(formula, "截止日期", hint, error)


def basis_check(_: str = "") -> dict[str, Any]:
    """Return the drop-down of 增速口径."""
    return _drop_down("增速口径", BASES, "填了公布增速的，选其口径。")


def grade_check(_: str = "") -> dict[str, Any]:
    """Return the drop-down of 数据级别."""
    return _drop_down("数据级别", GRADES, "选预计、快报或年报；留空按快报。")


def _drop_down(title: str, options: list[str], hint: str) -> dict[str, Any]:
    return {
        "validate": "list",
        "source": options,
        "input_title": title,
        "input_message": hint,
        "error_title": title,
        "error_message": f"请选{'、'.join(options)}之一，或留空。",
    }


def _formula_check(formula: str, title: str, hint: str, error: str) -> dict[str, Any]:
    return {
        "validate": "custom",
        "value": formula,
        "input_title": truncate(title, 32),
        "input_message": truncate(hint, 255),
        "error_title": truncate(title, 32),
        "error_message": truncate(error, 255),
    }
