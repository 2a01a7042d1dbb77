"""What the gate found to what other programs, and people elsewhere, read."""
