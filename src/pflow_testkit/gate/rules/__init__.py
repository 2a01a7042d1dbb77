"""Two versions of a part of a workflow to what changed in it."""
