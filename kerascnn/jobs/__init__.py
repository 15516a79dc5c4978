"""Floor 3: many trainings: what is to be done, in which order, and by which process. No module here imports keras."""
