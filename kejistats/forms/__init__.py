"""Everything sent to districts: forms to fill in, findings, marked copies, reporting status."""
