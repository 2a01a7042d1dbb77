"""A revision, or another copy, to the workflows as they were, and which tests that meets."""
