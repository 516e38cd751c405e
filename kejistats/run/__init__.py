"""Many briefs: metrics once, a bundle each, then notebooks run and exported by warm workers.

Only what changed since the last run is made again; the papermill engine ``kejistats`` runs any
notebook by such a worker. Nothing is imported here: papermill loads the engine wherever it is
itself imported, and that must not load polars.
"""
