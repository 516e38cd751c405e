"""What goes to districts and comes back marked: fill-in workbooks, findings, the state of reporting."""
