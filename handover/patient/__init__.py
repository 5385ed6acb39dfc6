"""The patient's pages: the same steps and dates as the staff see."""
