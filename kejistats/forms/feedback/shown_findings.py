"""A checked file that shows its findings in JupyterLab."""

from __future__ import annotations

from dataclasses import dataclass, fields

from kejistats.forms.feedback.findings_page import findings_fragment
from kejistats.forms.feedback.naming import names_of
from kejistats.intake import Checked


@dataclass(frozen=True)
class ShownFindings(Checked):
    """One file, checked but not stored; in a notebook it shows its findings."""

    @classmethod
    def of(cls, checked: Checked) -> ShownFindings:
        """Return a checked file that shows itself."""
        return cls(**{field.name: getattr(checked, field.name) for field in fields(Checked)})

    def _repr_html_(self) -> str:
        return findings_fragment(self.findings, names_of(self.dataset))
