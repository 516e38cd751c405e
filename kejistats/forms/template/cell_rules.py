"""What an input cell accepts, as data validation that spreadsheet programs keep and enforce."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kejistats.model.numbers import plain
from kejistats.model.period import Checkpoint
from kejistats.model.tables.observation import BASES
from kejistats.model.units import COUNT_UNITS

GRADES = ["预计", "快报", "年报"]
_THROUGH = {"flow": "{months}累计数", "stock": "{month}月末数", "ratio": "{months}数"}


def fitting(text: str, limit: int) -> str:
    """Cut a text to what a workbook holds, which counts in UTF-16 units.

    Examples
    --------
    >>> fitting("高新技术企业", 4), fitting("ab", 4)
    ('高新技术', 'ab')
    """
    return text.encode("utf-16-le")[: 2 * limit].decode("utf-16-le", "ignore")


def number_or_text(cell: str, *conditions: str) -> str:
    """Return a formula that lets any text pass, and of numbers those that meet all conditions.

    A text passes because 约3.2万, xx and 无 are answers; intake reads and judges it. IF keeps the
    conditions away from text, where they would be errors.

    Examples
    --------
    >>> number_or_text("I3", "I3>=0")
    '=IF(ISNUMBER(I3),I3>=0,ISTEXT(I3))'
    """
    if not conditions:
        return f"=OR(ISNUMBER({cell}),ISTEXT({cell}))"
    both = conditions[0] if len(conditions) == 1 else f"AND({','.join(conditions)})"
    return f"=IF(ISNUMBER({cell}),{both},ISTEXT({cell}))"


def is_whole(indicator: Mapping[str, Any]) -> bool:
    """Tell whether the indicator counts things, so that a part of one cannot be."""
    return indicator["unit"] in COUNT_UNITS


def value_check(indicator: Mapping[str, Any], at: Checkpoint, cell: str) -> dict[str, Any]:
    """Return the check and the hint of 本期数.

    Parameters
    ----------
    indicator
        Row of the Indicator table.
    at
        The checkpoint.
    cell
        First cell it applies to.
    """
    conditions, words = [], []
    if not indicator["negative"]:
        conditions.append(f"{cell}>=0")
        words.append("不能为负数")
    if indicator["maximum"] is not None:
        most = plain(indicator["maximum"], 6).rstrip("0").rstrip(".")
        conditions.append(f"{cell}<={most}")
        words.append(f"不能超过{most}{indicator['unit']}")
    if is_whole(indicator):
        conditions.append(f"{cell}=INT({cell})")
        words.append("应为整数")
    unit, name = indicator["unit"], indicator["short"]
    through = _THROUGH[indicator["measure"]].format(months=at.months, month=at.month)
    about = f"约3.2{unit}" if unit[:1] in "%万亿" else "约3.2万"
    hint = (
        f"填{through}，单位：{unit}" + "".join(f"，{word}" for word in words) + "。\n"
        f"照原文填写：未公布填“xx”，未发生填“0”，无此项填“无”，未报留空，概数写“{about}”。"
    )
    wrong = f"“{name}”的数值" + "，".join(words) + "。概数、未公布等情况请按填报说明用文字填写。"
    return _custom(number_or_text(cell, *conditions), name, hint, wrong)


def growth_check(indicator: Mapping[str, Any], cell: str) -> dict[str, Any]:
    """Return the check and the hint of 公布增速: nothing falls by more than all of it."""
    rate = indicator["growth"] == "percent" and not indicator["negative"]
    conditions = [f"{cell}>=-100"] if rate else []
    if rate:
        hint = "只填来源已经公布的增速（%）：12.3%填“12.3”，下降填负数；没有公布的留空。"
    else:
        own = "个百分点" if indicator["unit"] == "%" else indicator["unit"]
        hint = f"只填来源已经公布的增减（{own}），下降填负数；没有公布的留空。"
    wrong = "增速不能低于-100%。" if rate else "请填数值。"
    return _custom(number_or_text(cell, *conditions), "公布增速", hint, wrong)


def date_check(at: Checkpoint, cell: str) -> dict[str, Any]:
    """Return the check and the hint of 截止日期: a day of the year up to the checkpoint's end."""
    first, last = (f"DATE({at.year},{m},{d})" for m, d in ((1, 1), (at.month, at.end.day)))
    hint = f"数据不是截至{at.cut_off}的才填，写作“{at.year}-{at.month:02d}-20”。"
    wrong = f"应为{at.year}年1月1日至{at.cut_off}之间的日期。"
    formula = number_or_text(cell, f"{cell}>={first}", f"{cell}<={last}")
    return _custom(formula, "截止日期", hint, wrong)


def basis_check(_: str = "") -> dict[str, Any]:
    """Return the drop-down of 增速口径."""
    return _choice("增速口径", BASES, "填了公布增速的，选其口径。")


def grade_check(_: str = "") -> dict[str, Any]:
    """Return the drop-down of 数据级别."""
    return _choice("数据级别", GRADES, "选预计、快报或年报；留空按快报。")


def _choice(title: str, words: list[str], hint: str) -> dict[str, Any]:
    return {
        "validate": "list",
        "source": words,
        "input_title": title,
        "input_message": hint,
        "error_title": title,
        "error_message": f"请选{'、'.join(words)}之一，或留空。",
    }


def _custom(formula: str, title: str, hint: str, wrong: str) -> dict[str, Any]:
    return {
        "validate": "custom",
        "value": formula,
        "input_title": fitting(title, 32),
        "input_message": fitting(hint, 255),
        "error_title": fitting(title, 32),
        "error_message": fitting(wrong, 255),
    }
