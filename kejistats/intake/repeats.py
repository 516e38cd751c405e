"""Which rows of a file say something that the file did not say before."""

from __future__ import annotations

import polars as pl

from kejistats.answers import same_file
from kejistats.intake.files import Checked
from kejistats.schema.observation import KEY
from kejistats.schema.target import TARGET_KEY
from kejistats.store import Store

# Addresses may move and remarks be reworded; a figure is the same one all the same.
_ASIDE = ("source", "received", "note")


def fresh_figures(store: Store, active: pl.DataFrame, checked: Checked) -> pl.DataFrame:
    """Return the rows of a file that are no repeats.

    A file mended in one cell and sent again must not undo what another file has corrected since:
    a row that stands in its last state is no new version, nor is any row of a content that came
    in before under whatever name.

    Parameters
    ----------
    store
        As it is before the intake.
    active
        Its active receipts, read once for many files.
    checked
        The file's rows.

    Returns
    -------
    polars.DataFrame
        Rows of ``checked.figures``, in their order.
    """
    names = active.filter(same_file(checked.form, checked.path.name))["id"]
    contents = active.filter(pl.col("sha256") == checked.sha256)["id"]
    if names.is_empty() and contents.is_empty():
        return checked.figures
    targets = checked.table == "targets"
    stored = store.targets() if targets else store.observations()
    key = [*TARGET_KEY, "valid_from"] if targets else KEY
    last = stored.filter(pl.col("received").is_in(names.implode())).unique(
        key, keep="last", maintain_order=True
    )
    same = stored.filter(pl.col("received").is_in(contents.implode()))
    content = [c for c in stored.columns if c not in _ASIDE]
    fresh = checked.accepted.with_row_index("_place").join(
        pl.concat([last, same]), on=content, how="anti", nulls_equal=True
    )
    return checked.figures[fresh["_place"].sort()]
