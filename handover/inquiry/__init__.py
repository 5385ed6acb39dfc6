"""What a patient asks about their own case or its log: it reaches a named list, and is answered there."""
