"""The benchmark beside other scanners."""
