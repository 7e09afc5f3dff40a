"""What is wrong, and since when: identity, life, clocks and rank of exposures, and the proof of the journal."""
