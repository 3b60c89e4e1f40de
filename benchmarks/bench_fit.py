"""A transfer function fitted to a measured matrix, row by row, against least squares of NumPy row by row."""

import numpy as np

import mpifast

ROWS, VOXELS = 1600, 255


class Fit:
    params = (["robust", "least squares", "numpy"],)
    param_names = ("method",)

    def setup(self, method):
        random = np.random.default_rng(1)
        self.simulated = random.normal(size=(ROWS, VOXELS))
        factors = np.exp(2j * np.pi * random.random(ROWS))
        noise = random.normal(size=(2, ROWS, VOXELS))
        self.measured = factors[:, None] * self.simulated + 0.1 * (noise[0] + 1j * noise[1])
        self.fit = {"robust": self.mpifast, "least squares": lambda: self.mpifast(robust=False), "numpy": self.numpy}[
            method
        ]
        np.testing.assert_allclose(self.fit(), self.numpy(), atol=0.05 if method == "robust" else 1e-12)

    def mpifast(self, robust=True):
        return mpifast.fit_transfer_function(self.measured, self.simulated, robust=robust).values

    def numpy(self):
        pairs = zip(self.simulated, self.measured, strict=True)
        return np.array([np.linalg.lstsq(x[:, None].astype(complex), y, rcond=None)[0][0] for x, y in pairs])

    def time_fit(self, method):
        self.fit()
