"""A checked file that displays its findings in JupyterLab."""

from __future__ import annotations

from dataclasses import dataclass, fields

from kejistats.forms.feedback.findings_page import findings_fragment
from kejistats.forms.feedback.naming import display_names
from kejistats.intake import Checked


@dataclass(frozen=True)
class ShownFindings(Checked):
    """A checked file, not stored, whose HTML representation in a notebook is its findings."""

    @classmethod
    def of(cls, checked: Checked) -> ShownFindings:
        """Wrap a checked file."""
        return cls(**{field.name: getattr(checked, field.name) for field in fields(Checked)})

    def _repr_html_(self) -> str:
        return findings_fragment(self.findings, display_names(self.dataset))
