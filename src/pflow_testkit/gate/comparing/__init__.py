"""Two versions of workflows to which part of one is which of the other, and what changed."""
