"""May this ship? Rules that judge a release before it goes out."""
