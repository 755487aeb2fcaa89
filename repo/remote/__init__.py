"""Repositories that are somewhere else: fetched from git or a web server, as a list of files with identities."""
