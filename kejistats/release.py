"""定稿: the record of the released pages of a checkpoint, ``final/<checkpoint>.json``.

It is kept in the data set, beside the store, because it must outlive the folder of outputs.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kejistats.model.atomic import write_text
from kejistats.model.errors import KejistatsError
from kejistats.model.tables.metric import PEER_COLUMNS

if TYPE_CHECKING:
    from kejistats.model.period import Checkpoint

FORMAT = 2
OVERVIEW = "overview"


@dataclass(frozen=True)
class Release:
    """One version of a released page.

    Parameters
    ----------
    content
        Digest of its bundle without the flag ``final``; see `content_digest`.
    version
        1, and one more with every correction.
    released_at
        When this version was released, as ISO text in UTC.
    files
        SHA-256 of each of its files, by suffix such as ``html``.
    correction
        The analyst's text on what this version corrects; empty for the first version.
    own
        Digest of the content that does not depend on other districts; see
        `own_content_digest`. Empty in old records.
    """

    content: str
    version: int
    released_at: str
    files: dict[str, str] = field(default_factory=dict)
    correction: str = ""
    own: str = ""

    @property
    def moment(self) -> datetime:
        """Return the time of release."""
        return datetime.fromisoformat(self.released_at)


@dataclass(frozen=True)
class ReleaseRecord:
    """The released pages of a checkpoint.

    Parameters
    ----------
    checkpoint
        The checkpoint.
    who, kejistats
        The user who last finalised pages, and the version of the program.
    inputs
        SHA-256 of every ingested file whose rows counted, by receipt, and of the files of the
        data set itself.
    outputs
        The current release of each page, by district code or ``overview``.
    earlier
        Releases that corrections have replaced, oldest first, by the same keys.
    """

    checkpoint: str
    who: str = ""
    kejistats: str = ""
    inputs: dict[str, str] = field(default_factory=dict)
    outputs: dict[str, Release] = field(default_factory=dict)
    earlier: dict[str, list[Release]] = field(default_factory=dict)

    def is_released(self, key: str, content: Mapping[str, Any]) -> bool:
        """Return whether the page has been released with exactly this content."""
        release = self.outputs.get(key)
        return release is not None and release.content == content_digest(content)


def content_digest(content: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a bundle's content without the flag ``final``.

    Examples
    --------
    >>> content_digest({"a": 1}) == content_digest({"final": True, "a": 1})
    True
    """
    return _digest({key: value for key, value in content.items() if key != "final"})


# Parts of a bundle that depend on other districts' figures, and the flag.
_FROM_OTHERS = {"final", "peers", "share_changes"}


def own_content_digest(content: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a page's content without what depends on other districts' figures.

    If only such content has changed, ranks and shares for example, this digest stays the same.
    An overview shows all districts: its whole content counts.

    Examples
    --------
    >>> row = {"indicator": "patent_granted", "value": 3.0, "rank": 1}
    >>> a, b = ({"kind": "brief", "metrics": [row | {"rank": n}]} for n in (1, 2))
    >>> own_content_digest(a) == own_content_digest(b), content_digest(a) == content_digest(b)
    (True, False)
    """
    if content["kind"] != "brief":
        return content_digest(content)
    metrics = [
        {k: v for k, v in row.items() if k not in PEER_COLUMNS} for row in content["metrics"]
    ]
    return _digest(
        {k: v for k, v in content.items() if k not in _FROM_OTHERS} | {"metrics": metrics}
    )


def _digest(content: object) -> str:
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def record_path(dataset: Path, checkpoint: Checkpoint) -> Path:
    """Return the path of a checkpoint's record."""
    return dataset / "final" / f"{checkpoint}.json"


def read_record(dataset: Path, checkpoint: Checkpoint) -> ReleaseRecord:
    """Read the record of a checkpoint; an empty one if nothing has been released.

    Raises
    ------
    KejistatsError
        When the file is damaged or of another format version.
    """
    file = record_path(dataset, checkpoint)
    if not file.is_file():
        return ReleaseRecord(str(checkpoint))
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        if content.pop("format") != FORMAT:
            raise ValueError(f"its format is not {FORMAT}")
        record = ReleaseRecord(**content)
        return replace(
            record,
            outputs={key: Release(**fields) for key, fields in record.outputs.items()},  # type: ignore[arg-type]  # still plain dicts from JSON
            earlier={
                key: [Release(**fields) for fields in releases]  # type: ignore[arg-type]
                for key, releases in record.earlier.items()
            },
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise KejistatsError(
            f"{file} is not a valid record of final briefs: {error}",
            "restore it from a backup: it is the only record of what has been released",
        ) from None


def write_record(dataset: Path, checkpoint: Checkpoint, record: ReleaseRecord) -> None:
    """Write a record atomically."""
    file = record_path(dataset, checkpoint)
    file.parent.mkdir(parents=True, exist_ok=True)
    content = {"format": FORMAT, **asdict(record)}
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, indent=1) + "\n"
    write_text(file, text)
