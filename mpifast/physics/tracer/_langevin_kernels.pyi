import numpy as np

langevin: np.ufunc
langevin_derivative: np.ufunc
