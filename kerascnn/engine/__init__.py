"""Floor 3: what is done with a spec; keras, numpy, pandas and scikit-learn at the top."""
