"""What a system is made of, in which sizes: typed, validated, and free of any AWS library."""
