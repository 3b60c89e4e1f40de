"""
Cross-validation in scikit-learn
================================

How strong should the regularisation be, and is a network better than a solver? Solvers and networks are scikit-learn
estimators, so its searches and scores answer both questions.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.model_selection import GridSearchCV, cross_val_score

import mpifast

# %%
# Random phantoms of the paper's scanner with 65 voxels, a tracer of 30 nm and 25 dB.

system = mpifast.system_matrix(mpifast.Scanner(voxels=65), mpifast.Particle(30e-9), harmonics=100)
u, c = mpifast.Spectra(system, seed=7, snr_db=25.0)[:3_000]

# %%
# `mpifast.SolverRegressor` has the parameters of its solver. A grid search finds the alpha of least error, for two
# solvers.

alphas = np.logspace(-3, 3, 9)
figure, panel = plt.subplots(figsize=(6.8, 4), layout="constrained")
best = {}
for solver in ("tikhonov", "nnls"):
    regressor = mpifast.SolverRegressor(system, solver)
    search = GridSearchCV(regressor, {"alpha": alphas}, scoring="neg_mean_squared_error", cv=3).fit(u[:90], c[:90])
    mean, spread = -search.cv_results_["mean_test_score"], search.cv_results_["std_test_score"]
    (line,) = panel.loglog(alphas, mean, marker="o", label=solver)
    panel.fill_between(alphas, mean - spread, mean + spread, color=line.get_color(), alpha=0.25)
    best[solver] = search.best_estimator_
    print(f"{solver}: best alpha {search.best_params_['alpha']:.3g}")
panel.set(xlabel="alpha", ylabel="mean squared error", title="Three folds: mean, and standard deviation")
panel.legend()
plt.show()

# %%
# A network has to be trained, a solver needs its system alone. `mpifast.SpectrumRegressor` is a `mpifast.Network`
# with ``fit`` and ``predict`` of scikit-learn; more samples make it better, where the solvers gain nothing.

folds = {}
for count in (300, 1_000, 3_000):
    regressor = mpifast.SpectrumRegressor(recipe="fast", seed=1)
    folds[f"network,\n{count:,} samples"] = -cross_val_score(
        regressor, u[:count], c[:count], scoring="neg_mean_squared_error", cv=3
    )
for solver, regressor in best.items():
    folds[solver] = -cross_val_score(regressor, u[:300], c[:300], scoring="neg_mean_squared_error", cv=3)

figure, panel = plt.subplots(figsize=(6.8, 4), layout="constrained")
for place, (name, errors) in enumerate(folds.items()):
    panel.bar(place, errors.mean(), color=mpifast.plots.COLORS[0 if "network" in name else 1], alpha=0.5)
    panel.plot([place] * len(errors), errors, "k.")
panel.set_xticks(range(len(folds)), list(folds))
panel.set(ylabel="mean squared error", title="Cross-validated error; dots are folds")
plt.show()
