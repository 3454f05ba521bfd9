"""The restore drill: real failures of the deployed databases, on purpose, with the time and the data that they cost.

It works in a PostgreSQL schema of its own, on restored copies and in databases of its own: no row of the application
is touched, though its connections end when a server is killed.
"""
