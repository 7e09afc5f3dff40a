"""Container images as trees: archives, layouts and registries. Nothing of an image is unpacked to disk or run."""
