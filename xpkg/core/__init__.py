"""What every room stands on: errors, digests, atomic files, locks, paths on disk, processes.

Imports nothing of ours.
"""
