"""The proof of least privilege: what each role is granted, what of it runs use, and what breaks without it."""
