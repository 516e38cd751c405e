"""A table of districts and stages of chains: the conversion, and below it the figure."""

from __future__ import annotations

from kejistats.brief.chain_views import ChainView, Stage
from kejistats.brief.fragments import Fragment
from kejistats.brief.matrices import EMPTY, Cell, cell, matrix, row


def chain_matrix(
    rows: list[tuple[str, str, list[ChainView]]], order: list[str], remarks: list[str]
) -> Fragment:
    """Return a table of districts and the stages that have a conversion; empty without any.

    Parameters
    ----------
    rows
        Name of each district, the link to its page, and its chains.
    order
        Ids of all chains, in the order of their columns.
    remarks
        Lines below the table.
    """
    columns: dict[tuple[str, int], tuple[str, str]] = {}
    for _, _, chains in rows:
        for chain in chains:
            for stage in chain.stages:
                if stage.before:
                    key = (chain.id, stage.row["position"])
                    columns.setdefault(key, (f"{chain.name}{stage.label}", stage.kind))
    if not columns:
        return Fragment("", "")
    keys = sorted(columns, key=lambda key: (order.index(key[0]), key[1]))
    kinds = list(dict.fromkeys(kind for _, kind in columns.values()))
    shown = []
    for name, href, chains in rows:
        by_key = {(c.id, s.row["position"]): s for c in chains for s in c.stages}
        shown.append(row(name, [_cell(by_key.get(key)) for key in keys], href))
    return matrix(
        f"各地区各阶段与前一阶段的{'、'.join(kinds)}（下为本期数）",
        [columns[key][0] + (f"（{columns[key][1]}）" if len(kinds) > 1 else "") for key in keys],
        {"": shown},
        remarks=remarks,
    )


def _cell(stage: Stage | None) -> Cell:
    return EMPTY if stage is None else cell(stage.number() or "—", stage.view.figure())
