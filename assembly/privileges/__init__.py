"""What each role of an assembly may do: `python -m assembly privileges`."""
