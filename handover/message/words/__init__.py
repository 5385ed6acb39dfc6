"""What threads are called on the screen: subjects, the next step, receipts, what happened, refusals."""
