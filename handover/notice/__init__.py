"""What leaves the pages for people's own hands: e-mail and SMS that say only that there is something new, PDF,
calendar files.
"""
