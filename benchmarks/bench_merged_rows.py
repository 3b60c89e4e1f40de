"""Proportional rows found and merged, and Tikhonov's image from half the equations."""

import numpy as np

import mpifast

PATTERNS, ROWS, VOXELS = 500, 1000, 6859


class Merging:
    params = (["merge", "tikhonov", "tikhonov merged"],)
    param_names = ("work",)

    def setup(self, work):
        random = np.random.default_rng(1)
        matrix = random.normal(size=(PATTERNS, VOXELS))[np.arange(ROWS) % PATTERNS] * random.normal(size=(ROWS, 1))
        self.system = mpifast.linear_system(matrix.astype(np.float32))
        self.merged = mpifast.merge_rows(self.system, 1e-5)
        self.u = random.normal(size=(1, ROWS))
        assert len(self.merged.equations) == PATTERNS
        images = [mpifast.tikhonov(some, self.u, alpha=1.0, relative=True) for some in (self.system, self.merged)]
        np.testing.assert_allclose(*images, atol=1e-2 * np.abs(images[0]).max())
        self.work = {
            "merge": lambda: mpifast.merge_rows(self.system, 1e-5),
            "tikhonov": lambda: mpifast.tikhonov(self.system, self.u, alpha=1.0, relative=True),
            "tikhonov merged": lambda: mpifast.tikhonov(self.merged, self.u, alpha=1.0, relative=True),
        }[work]

    def time_work(self, work):
        self.work()

    def peakmem_work(self, work):
        self.work()
