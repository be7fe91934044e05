"""Looking inside: what the tape has recorded, and what an optimizer computes in a step."""
