"""One squashed migration until the first release."""
