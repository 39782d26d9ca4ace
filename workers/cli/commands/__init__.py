"""The commands of `pm`, by what a person wants to do."""
