"""Batch runs: compute the metrics once, then execute and export one notebook per page.

Warm worker processes run the notebooks, and only pages whose inputs changed are made again. The
papermill engine ``kejistats`` runs any notebook in such a worker. Nothing is imported here:
papermill loads the engine wherever papermill itself is imported, and that must not load polars.
"""
