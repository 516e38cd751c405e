"""What all rooms share: errors, checkpoints, units, quantities, settings, files, and the tables' models."""
