"""What pipelines take from us, run the way each system runs it."""
