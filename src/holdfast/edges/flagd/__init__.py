"""`flagd.sync.v1`: whole sets of flags for in-process providers; a room of its own, which a relay carries too."""
