"""定稿: the record that fixes the briefs of a checkpoint, in ``final/<checkpoint>.json``.

It lies in the data set, beside the store: what was given out must outlive the folder of outputs.
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
from kejistats.model.tables.metric import WITH_OTHERS

if TYPE_CHECKING:
    from kejistats.model.period import Checkpoint

FORMAT = 1
OVERVIEW = "overview"


@dataclass(frozen=True)
class Release:
    """One page that was fixed.

    Parameters
    ----------
    content
        Digest of its bundle without the mark; see `content_digest`.
    version
        1, and one more with every correction.
    released_at
        When this version was fixed, as ISO text in UTC.
    files
        SHA-256 of each file made from it, by suffix such as ``html``.
    correction
        What a correction corrects, in the analyst's words; empty for the first version.
    own
        Digest of what it shows of itself; see `own_digest`. Empty in old records.
    """

    content: str
    version: int
    released_at: str
    files: dict[str, str] = field(default_factory=dict)
    correction: str = ""
    own: str = ""

    @property
    def moment(self) -> datetime:
        """When it was fixed."""
        return datetime.fromisoformat(self.released_at)


@dataclass(frozen=True)
class ReleaseRecord:
    """What is final of a checkpoint.

    Parameters
    ----------
    checkpoint
        The checkpoint.
    who, kejistats
        The user who last finalised, and the version of the program.
    inputs
        SHA-256 of every file taken in that counted, by receipt, and of the data set's own files.
    outputs
        What is fixed, by district code or ``overview``.
    earlier
        Versions that corrections replaced, oldest first, by the same keys.
    """

    checkpoint: str
    who: str = ""
    kejistats: str = ""
    inputs: dict[str, str] = field(default_factory=dict)
    outputs: dict[str, Release] = field(default_factory=dict)
    earlier: dict[str, list[Release]] = field(default_factory=dict)

    def is_released(self, key: str, content: Mapping[str, Any]) -> bool:
        """Say whether a page of exactly this content is final."""
        fixed = self.outputs.get(key)
        return fixed is not None and fixed.content == content_digest(content)


def content_digest(content: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a bundle's content, the mark of being final left out.

    Examples
    --------
    >>> content_digest({"a": 1}) == content_digest({"final": True, "a": 1})
    True
    """
    return _digest({key: value for key, value in content.items() if key != "final"})


# Parts of a bundle that follow from other districts' figures, and the mark.
_NOT_OWN = {"final", "peers", "share_changes"}


def own_digest(content: Mapping[str, Any]) -> str:
    """Return the SHA-256 of all that a page shows but what follows from other districts' figures.

    Where only they have changed, ranks and shares say, this digest has not. An overview shows all
    districts, and everything is its own.

    Examples
    --------
    >>> row = {"indicator": "patent_granted", "value": 3.0, "rank": 1}
    >>> one, other = ({"kind": "brief", "metrics": [row | {"rank": n}]} for n in (1, 2))
    >>> own_digest(one) == own_digest(other), content_digest(one) == content_digest(other)
    (True, False)
    """
    if content["kind"] != "brief":
        return content_digest(content)
    rows = [{k: v for k, v in row.items() if k not in WITH_OTHERS} for row in content["metrics"]]
    return _digest({k: v for k, v in content.items() if k not in _NOT_OWN} | {"metrics": rows})


def _digest(content: object) -> str:
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def record_file(dataset: Path, checkpoint: Checkpoint) -> Path:
    """Return where the record of a checkpoint lies."""
    return dataset / "final" / f"{checkpoint}.json"


def read_record(dataset: Path, checkpoint: Checkpoint) -> ReleaseRecord:
    """Return the record of a checkpoint; an empty one while nothing is final.

    Raises
    ------
    KejistatsError
        When the file is broken or of another format.
    """
    file = record_file(dataset, checkpoint)
    if not file.is_file():
        return ReleaseRecord(str(checkpoint))
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        if found.pop("format") != FORMAT:
            raise ValueError(f"its format is not {FORMAT}")
        record = ReleaseRecord(**found)
        return replace(
            record,
            outputs={key: Release(**one) for key, one in record.outputs.items()},  # type: ignore[arg-type]  # as JSON holds it
            earlier={
                key: [Release(**one) for one in some]  # type: ignore[arg-type]
                for key, some in record.earlier.items()
            },
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise KejistatsError(
            f"{file} is no record of final briefs: {error}",
            "restore it from a copy; without it nobody knows what was given out",
        ) from None


def write_record(dataset: Path, checkpoint: Checkpoint, record: ReleaseRecord) -> None:
    """Write a record whole or not at all."""
    file = record_file(dataset, checkpoint)
    file.parent.mkdir(parents=True, exist_ok=True)
    content = {"format": FORMAT, **asdict(record)}
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, indent=1) + "\n"
    write_text(file, text)
