"""A system as a differentiable PyTorch operator."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from mpifast import _validation as check
from mpifast.physics.array_system import as_system
from mpifast.physics.linear_system import IMAGINARY, REAL, LinearSystem

FLOATS = (torch.float32, torch.float64)
COMPLEX = (torch.complex64, torch.complex128)
INTEGERS = (torch.uint8, torch.bool, torch.int8, torch.int16, torch.int32, torch.int64)


class SystemOperator(torch.nn.Module):
    """The linear map u = S c of a system and its adjoint, for tensors.

    The derivative of each is the other one, so both may be differentiated any number of times, backward and forward,
    and under the transforms of `torch.func`. There are no trainable parameters. Code that `torch.compile` compiles may
    call it.

    Parameters
    ----------
    system : LinearSystem or array_like
        Any system, or a bare real or complex array [rows, voxels].
    images : bool, optional
        Whether concentrations are images [..., *grid.shape] instead of vectors [..., voxels].
    complex_spectra : bool, optional
        Whether spectra are complex [..., rows] instead of real equations [..., equations], which `mpifast.Spectra` has.
    threads : int, optional
        Number of threads; all by default, one in the workers of a `DataLoader`.

    Raises
    ------
    TypeError, ValueError
        If a parameter is of the wrong type or out of range, or the system of ``images`` has no grid.

    Examples
    --------
    >>> import mpifast, torch
    >>> from mpifast.io.torch import SystemOperator
    >>> operator = SystemOperator(mpifast.linear_system([[1.0, 2.0], [3.0, 0.0]]))
    >>> c = torch.ones(2, requires_grad=True)
    >>> u = operator(c)
    >>> u.square().sum().backward()
    >>> u.detach(), c.grad
    (tensor([3., 3.]), tensor([24., 12.]))
    >>> operator.adjoint(2.0 * u.detach())
    tensor([24., 12.])
    """

    def __init__(
        self, system: LinearSystem, images: bool = False, complex_spectra: bool = False, threads: int | None = None
    ) -> None:
        super().__init__()
        self.system = as_system("system", system)
        self.images = check.flag("images", images)
        self.complex_spectra = check.flag("complex_spectra", complex_spectra)
        self.threads = None if threads is None else check.integer("threads", threads, low=1)
        if self.images and self.system.grid is None:
            raise ValueError(
                "images=True needs a system with a grid: mpifast.linear_system(array, grid=mpifast.Grid(...))"
            )

    @torch.compiler.disable  # what NumPy computes is nothing for it to compile
    def forward(self, c: torch.Tensor) -> torch.Tensor:
        """Spectra of concentrations.

        Parameters
        ----------
        c : torch.Tensor
            [..., voxels], or [..., *grid.shape] with ``images``: float32 or float64, or integers, whose spectra are
            float32. Binary phantoms (uint8) are the fastest.

        Returns
        -------
        torch.Tensor
            [..., equations] of the type of ``c``, or complex [..., rows].

        Raises
        ------
        TypeError, ValueError
            If ``c`` is of another shape or type, not on the CPU, or not finite.
        """
        _check("c", c, (*FLOATS, *INTEGERS))
        shape = self._shape
        if tuple(c.shape[-len(shape) :]) != shape:
            other = "images=False takes [..., voxels]" if self.images else "images=True takes [..., *grid.shape]"
            raise ValueError(f"c has shape {tuple(c.shape)}, expected (..., {', '.join(map(str, shape))}): {other}")
        u = _LinearMap.apply(c.flatten(-len(shape)), self, False)
        return self._to_complex(u) if self.complex_spectra else u

    @torch.compiler.disable
    def adjoint(self, u: torch.Tensor) -> torch.Tensor:
        """The adjoint, Re(S^H u), of spectra.

        Parameters
        ----------
        u : torch.Tensor
            Real [..., equations] or complex [..., rows], of single or double precision.

        Returns
        -------
        torch.Tensor
            Real [..., voxels], or [..., *grid.shape] with ``images``, of the precision of ``u``.

        Raises
        ------
        TypeError, ValueError
            If ``u`` is of another shape or type, or not on the CPU.

        Examples
        --------
        >>> import torch
        >>> from mpifast.io.torch import SystemOperator
        >>> SystemOperator([[1.0, 2j], [3.0, 0.0]]).adjoint(torch.tensor([1.0 + 1j, 2.0]))
        tensor([7., 2.])
        """
        _check("u", u, (*FLOATS, *COMPLEX))
        length, what = (len(self.system.rows), "rows") if u.is_complex() else (self._equations, "equations")
        if not u.ndim or u.shape[-1] != length:
            raise ValueError(f"u has shape {tuple(u.shape)}, expected (..., {length}): {what} last")
        c: torch.Tensor = _LinearMap.apply(self._to_real(u) if u.is_complex() else u, self, True)
        return c.unflatten(-1, self._shape)

    def extra_repr(self) -> str:
        """What ``print`` shows in brackets."""
        return f"{self.system!r}, images={self.images}, complex_spectra={self.complex_spectra}"

    @property
    def _equations(self) -> int:
        return len(self.system.parts) * len(self.system.rows)

    @property
    def _shape(self) -> tuple[int, ...]:
        """Last axes of concentrations."""
        grid = self.system.grid
        return grid.shape if self.images and grid is not None else (self.system.voxels,)

    def _to_real(self, u: torch.Tensor) -> torch.Tensor:
        """Complex spectra as real equations; `LinearSystem.to_real`."""
        return torch.cat([u.real if part == REAL else u.imag for part in self.system.parts], dim=-1)

    def _to_complex(self, u: torch.Tensor) -> torch.Tensor:
        """Real equations as complex spectra; `LinearSystem.to_complex`."""
        pieces = dict(zip(self.system.parts, u.split(len(self.system.rows), dim=-1), strict=True))
        zero = torch.zeros_like(next(iter(pieces.values())))
        return torch.complex(pieces.get(REAL, zero), pieces.get(IMAGINARY, zero))

    def _multiply(self, x: torch.Tensor, adjoint: bool) -> torch.Tensor:
        """Vectors [..., voxels] to [..., equations], or the other way by the adjoint."""
        model, length = self.system.forward_model, self.system.voxels if adjoint else self._equations
        threads = self.threads if torch.utils.data.get_worker_info() is None else 1
        vectors = np.ascontiguousarray(x.reshape(-1, x.shape[-1]).numpy(force=True))
        dtype = x.dtype if x.is_floating_point() else torch.float32
        if adjoint:
            product = model.adjoint(vectors, threads=threads)
        else:
            product = model(vectors, dtype=str(dtype).removeprefix("torch."), threads=threads)
        return torch.from_numpy(product).to(dtype).reshape(*x.shape[:-1], length)


def _check(name: str, value: Any, dtypes: tuple[torch.dtype, ...]) -> None:
    """Refuse what is no tensor of one of the types on the CPU."""
    if not isinstance(value, torch.Tensor):
        raise TypeError(
            f"{name} must be a torch.Tensor, got {check.brief(value)}: torch.from_numpy makes one of an array"
        )
    if value.dtype not in dtypes:
        raise TypeError(f"{name} is {value.dtype}: convert it, e.g. {name}.float() or {name}.double()")
    if value.device.type != "cpu":
        raise ValueError(f"{name} is on {value.device}: mpifast computes on the CPU, give {name}.cpu()")


class _LinearMap(torch.autograd.Function):
    """``operator._multiply(x, adjoint)``, whose derivative is the same with the other ``adjoint``."""

    @staticmethod
    def forward(x: torch.Tensor, operator: SystemOperator, adjoint: bool) -> torch.Tensor:
        return operator._multiply(x, adjoint)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        _, ctx.operator, ctx.adjoint = inputs

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> Any:
        return _LinearMap.apply(gradient, ctx.operator, not ctx.adjoint), None, None

    @staticmethod
    def jvp(ctx: Any, tangent: torch.Tensor, *_: Any) -> Any:
        return _LinearMap.apply(tangent, ctx.operator, ctx.adjoint)

    @staticmethod
    def vmap(info: Any, in_dims: tuple[Any, ...], x: torch.Tensor, operator: SystemOperator, adjoint: bool) -> Any:
        return _LinearMap.apply(x.movedim(in_dims[0], 0), operator, adjoint), 0
