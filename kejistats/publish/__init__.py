"""Release the pages of a checkpoint and mail them once to the recipients listed for them."""
