"""The kinds of receivers, one file each."""
