"""What the loop reads from: folders and, later, revisions and images."""
