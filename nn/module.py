"""Module: the base of everything that has parameters and a ``forward``."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from ..autograd.arguments import NamesArguments, call_fits
from ..autograd.backward import clear
from ..autograd.ops.values import check_device, dtype_of
from ..autograd.tensor import Tensor
from ..autograd.watch import changes
from . import state
from .hooks import Hooked, call_with_hooks
from .parameter import Buffer, Parameter, UninitializedParameter
from .place import name_layer
from .registry import BeforeInit, Registry, before_init, check_name, framed, typename
from .unregistered import PLAIN, keep_in_mind, look_for_unregistered, suspects

__all__ = ["Module"]

M = TypeVar("M", bound="Module")


class Module(Hooked, NamesArguments):
    """The base class of all layers and models.

    A subclass calls ``super().__init__()``, then assigns its parameters and submodules to attributes, and says in
    ``forward`` what it computes. The model is called like a function.

    >>> from minitorch_optim import nn
    >>> from minitorch_optim.autograd import ones
    >>> class Scale(nn.Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.factor = nn.Parameter(ones(2))
    ...     def forward(self, x):
    ...         return self.factor * x
    >>> model = Scale()
    >>> model(3.0)
    tensor([3., 3.], grad_fn=<MulBackward>)
    >>> [name for name, parameter in model.named_parameters()]
    ['factor']
    """

    training: bool
    _parameter_names: dict[str, bool] = BeforeInit()  # type: ignore[assignment]
    _buffer_names: dict[str, bool] = BeforeInit()  # type: ignore[assignment] # and if it is part of the state_dict
    _module_names: dict[str, bool] = BeforeInit()  # type: ignore[assignment]

    def __init__(self) -> None:
        own = self.__dict__
        own["training"] = True
        own["_parameter_names"] = {}
        own["_buffer_names"] = {}
        own["_module_names"] = {}
        own["_hooks"] = None

    @classmethod
    def _check_arguments(cls, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        if any(isinstance(arg, Tensor) for arg in args) and not call_fits(cls.__init__, None, *args, **kwargs):
            name = cls.__name__
            raise TypeError(
                f"{name}() makes a layer, and was given a tensor: make it first, as in layer = {name}(...), then call "
                f"layer(x)"
            )

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What the module computes; every subclass defines it, and users call the module itself."""
        near = difflib.get_close_matches("forward", set(dir(type(self))) - set(dir(Module)), n=1)
        if hasattr(self, "__iter__"):
            advice = "it only keeps layers, so call them one by one in a loop, or use nn.Sequential"
        elif near:
            advice = f"is {near[0]!r} meant to be it?"
        else:
            advice = "write def forward(self, x): ... in the class, not inside __init__; it returns the output"
        name = type(self).__name__
        raise NotImplementedError(f'Module [{name}] is missing the required "forward" function: {advice}')

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        try:
            if self._hooks is None:
                return self.forward(*args, **kwargs) if kwargs else self.forward(*args)
            return call_with_hooks(self, args, kwargs)
        except Exception as error:
            if "_hooks" not in self.__dict__:
                raise AttributeError(before_init(self, "_hooks")) from None
            name_layer(error, self)
            raise

    # -- registration ----------------------------------------------------------------------------

    @property
    def _parameters(self) -> Registry:
        return Registry(self.__dict__, self._parameter_names)

    @property
    def _buffers(self) -> Registry:
        return Registry(self.__dict__, self._buffer_names)

    @property
    def _modules(self) -> Registry:
        return Registry(self.__dict__, self._module_names)

    def __setattr__(self, name: str, value: Any) -> None:
        own = self.__dict__
        if isinstance(value, Parameter):
            self._enter("_parameter_names", name, value, True, "parameters")
        elif value is not None and name in own.get("_parameter_names", ()):
            raise TypeError(
                f"cannot assign '{typename(value)}' as parameter '{name}' (torch.nn.Parameter or None expected): wrap "
                f"it in Parameter(...), or change the values inside no_grad() with {name}.copy_(...)"
            )
        elif isinstance(value, Module):
            self._enter("_module_names", name, value, True, "module")
        elif value is not None and name in own.get("_module_names", ()):
            raise TypeError(
                f"cannot assign '{typename(value)}' as child module '{name}' (torch.nn.Module or None expected)"
            )
        elif isinstance(value, Buffer):
            self._enter("_buffer_names", name, value, value.persistent, "buffer")
        elif name in own.get("_buffer_names", ()) and not (value is None or isinstance(value, Tensor)):
            raise TypeError(
                f"cannot assign '{typename(value)}' as buffer '{name}' (torch.nn.Buffer, torch.Tensor or None "
                f"expected): make a tensor of it with torch.tensor(...)"
            )
        else:
            if own.get(name, own) is not value:
                changes.note()
            object.__setattr__(self, name, value)
            if type(value) in PLAIN:
                keep_in_mind(self, name, value)

    def _enter(self, registry: str, name: str, value: Any, mark: bool, what: str) -> None:
        """Make ``value`` the attribute ``name``, and note in one registry, and in no other, of what kind it is."""
        own = self.__dict__
        if registry not in own:
            raise AttributeError(
                f"cannot assign {what} before Module.__init__() call: begin the __init__ of {type(self).__name__} "
                f"with super().__init__()"
            )
        for other in ("_parameter_names", "_buffer_names", "_module_names"):
            if other != registry:
                own[other].pop(name, None)
        own[registry][name] = mark
        own[name] = value
        changes.note()

    def __delattr__(self, name: str) -> None:
        object.__delattr__(self, name)
        changes.note()
        for registry in (self._parameter_names, self._buffer_names, self._module_names):
            registry.pop(name, None)

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Add a parameter, or note with None that there is none; ``module.name`` is then the parameter."""
        check_name(self, "parameter", name, self.__dict__.get("_parameter_names", {}))
        if param is not None and not isinstance(param, Parameter):
            raise TypeError(
                f"cannot assign '{typename(param)}' object to parameter '{name}' (torch.nn.Parameter or None "
                f"required): wrap it in Parameter(...)"
            )
        self._enter("_parameter_names", name, param, True, "parameter")

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """Add a tensor that belongs to the module's state but is not trained, such as a running mean.

        Parameters
        ----------
        persistent : bool
            whether it is part of the ``state_dict`` (default True)
        """
        check_name(self, "buffer", name, self.__dict__.get("_buffer_names", {}))
        if tensor is not None and not isinstance(tensor, Tensor):
            raise TypeError(
                f"cannot assign '{typename(tensor)}' object to buffer '{name}' (torch Tensor or None required): make a "
                f"tensor of it with torch.tensor(...)"
            )
        self._enter("_buffer_names", name, tensor, persistent, "buffer")

    def add_module(self, name: str, module: Module | None) -> None:
        """Add a submodule; ``module.name`` is then the submodule."""
        if module is not None and not isinstance(module, Module):
            raise TypeError(f"{typename(module)} is not a Module subclass: {_instead_of(module)}")
        check_name(self, "module", name, self.__dict__.get("_module_names", {}))
        self._enter("_module_names", name, module, True, "module")

    register_module = add_module

    # -- finding things in the tree --------------------------------------------------------------

    def named_modules(
        self, memo: set[Module] | None = None, prefix: str = "", remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Module]]:
        """This module and all below it with their paths (``"encoder.0"``), parents first; each object once."""
        memo = set() if memo is None else memo
        if self in memo:
            return
        if remove_duplicate:
            memo.add(self)
        yield prefix, self
        for name, module in self._modules.items():
            if module is not None:
                yield from module.named_modules(memo, f"{prefix}.{name}" if prefix else name, remove_duplicate)

    def modules(self) -> Iterator[Module]:
        """This module and all below it, parents first; each object once."""
        for _, module in self.named_modules():
            yield module

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """The direct submodules with their names; each object once."""
        seen: set[Module] = set()
        for name, module in self._modules.items():
            if module is not None and module not in seen:
                seen.add(module)
                yield name, module

    def children(self) -> Iterator[Module]:
        """The direct submodules; each object once."""
        for _, module in self.named_children():
            yield module

    def _named_members(
        self, registry: str, prefix: str, recurse: bool, remove_duplicate: bool
    ) -> Iterator[tuple[str, Any]]:
        seen: set[int] = set()
        found = self.named_modules(prefix=prefix, remove_duplicate=remove_duplicate) if recurse else [(prefix, self)]
        for path, module in found:
            own = module.__dict__
            for name in list(getattr(module, registry)):
                member = own[name]
                if member is None or id(member) in seen:
                    continue
                if remove_duplicate:
                    seen.add(id(member))
                yield f"{path}.{name}" if path else name, member

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Parameter]]:
        """The parameters of this module and, with ``recurse``, of all below it, with their paths; each object once."""
        return self._named_members("_parameter_names", prefix, recurse, remove_duplicate)

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """The parameters, as an optimizer wants them; each object once."""
        if suspects:
            look_for_unregistered(self)
        return (parameter for _, parameter in self.named_parameters(recurse=recurse))

    def named_buffers(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Tensor]]:
        """The buffers of this module and, with ``recurse``, of all below it, with their paths; each object once."""
        return self._named_members("_buffer_names", prefix, recurse, remove_duplicate)

    def buffers(self, recurse: bool = True) -> Iterator[Tensor]:
        """The buffers; each object once."""
        for _, buffer in self.named_buffers(recurse=recurse):
            yield buffer

    def get_submodule(self, target: str) -> Module:
        """The module at a path such as ``"encoder.0"``; the empty path is the module itself."""
        module = self
        for name in target.split(".") if target else ():
            module = module._attribute(name)
            if not isinstance(module, Module):
                raise AttributeError(f"`{name}` is not an nn.Module")
        return module

    def get_parameter(self, target: str) -> Parameter:
        """The parameter at a path such as ``"encoder.0.weight"``."""
        path, _, name = target.rpartition(".")
        found = self.get_submodule(path)._attribute(name)
        if not isinstance(found, Parameter):
            raise AttributeError(f"`{name}` is not an nn.Parameter")
        return found

    def get_buffer(self, target: str) -> Tensor:
        """The buffer at a path such as ``"encoder.1.running_mean"``."""
        path, _, name = target.rpartition(".")
        module = self.get_submodule(path)
        found: Tensor = module._attribute(name)
        if name not in module._buffer_names:
            raise AttributeError(f"`{name}` is not a buffer")
        return found

    def _attribute(self, name: str) -> Any:
        if not hasattr(self, name):
            raise AttributeError(f"{type(self).__name__} has no attribute `{name}`")
        return getattr(self, name)

    # -- training --------------------------------------------------------------------------------

    def train(self: M, mode: bool = True) -> M:
        """Set training mode here and below: dropout drops, batch normalisation measures its batch."""
        if not isinstance(mode, bool):
            raise ValueError(f"training mode is expected to be boolean, got {mode!r}")
        self.training = mode
        for module in self.children():
            module.train(mode)
        return self

    def eval(self: M) -> M:
        """Set evaluation mode here and below: the opposite of :meth:`train`."""
        return self.train(False)

    def requires_grad_(self: M, requires_grad: bool = True) -> M:
        """Set ``requires_grad`` of all parameters: False freezes them."""
        for parameter in self.parameters():
            parameter.requires_grad_(requires_grad)
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of all parameters, or set them to zeros."""
        for parameter in self.parameters():
            clear(parameter, set_to_none)

    # -- changing everything in the tree ---------------------------------------------------------

    def apply(self: M, fn: Callable[[Module], Any]) -> M:
        """Call ``fn`` with every module of the tree, children first: for initialisation, for instance."""
        for module in self.children():
            module.apply(fn)
        fn(self)
        return self

    def _apply(self: M, fn: Callable[[Tensor], Tensor]) -> M:
        """Replace the values of every parameter, gradient and buffer by ``fn`` of them; the objects stay the same."""
        for tensor in [*self.parameters(), *self.buffers()]:
            for part in (tensor, tensor.grad):
                if isinstance(part, UninitializedParameter):
                    part.convert(fn)
                elif part is not None:
                    part.data = fn(part.data)
        return self

    def to(self: M, *args: Any, dtype: Any = None, device: Any = None, non_blocking: bool = False) -> M:
        """Convert real and complex parameters and buffers to another dtype, in place.

        ``to(dtype)``, ``to(device)``, ``to(device, dtype)``, ``to(tensor)``; the one device is the CPU. Whole-number
        buffers, such as counts, keep their dtype.
        """
        for arg in args:
            if isinstance(arg, Tensor):
                dtype = arg.dtype
            elif hasattr(arg, "kind") or isinstance(arg, type):
                dtype = arg
            elif not isinstance(arg, bool) and arg is not None:
                device = arg
        check_device(device)
        if dtype is None:
            return self
        dtype = dtype_of(dtype)
        if dtype.kind not in "fc":
            raise TypeError(
                f"nn.Module.to only accepts floating point or complex dtypes, but got desired dtype={dtype}"
            )
        return self._apply(lambda t: t.to(dtype) if t.dtype.kind in "fc" else t)

    def type(self: M, dst_type: Any) -> M:
        """Convert every parameter and buffer, whole-number ones too, to ``dst_type``."""
        return self._apply(lambda t: t.type(dst_type))

    def _to_real(self: M, name: str) -> M:
        return self._apply(lambda t: t.to(dtype_of(name)) if t.dtype.kind == "f" else t)

    def float(self: M) -> M:
        """Convert real parameters and buffers to float32."""
        return self._to_real("float32")

    def double(self: M) -> M:
        """Convert real parameters and buffers to float64."""
        return self._to_real("float64")

    def half(self: M) -> M:
        """Convert real parameters and buffers to float16."""
        return self._to_real("float16")

    def cpu(self: M) -> M:
        """The module itself: it is on the CPU."""
        return self

    def cuda(self: M, device: Any = None) -> M:
        """Raises the error of ``device("cuda")``."""
        check_device("cuda")
        return self

    # -- its state -------------------------------------------------------------------------------

    def state_dict(
        self, *, destination: dict[str, Any] | None = None, prefix: str = "", keep_vars: bool = False
    ) -> dict[str, Any]:
        """All parameters and persistent buffers by path, in an ordered dict.

        Parameters
        ----------
        destination : dict, optional
            write into this one
        prefix : str
            put this in front of every key
        keep_vars : bool
            give the parameters themselves; default: detached tensors, which share their memory
        """
        return state.collect(self, destination, prefix, keep_vars)

    def load_state_dict(
        self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False
    ) -> state.IncompatibleKeys:
        """Take over the values of ``state_dict``, all of them or, if something does not fit, none.

        Parameters
        ----------
        strict : bool
            refuse keys that are missing or unexpected (default True)
        assign : bool
            put the tensors of ``state_dict`` in the place of the module's own; default: copy their values

        Returns
        -------
        a named tuple of ``missing_keys`` and ``unexpected_keys``

        Raises
        ------
        RuntimeError
            a report of all that does not fit, shapes included; the module is then as before
        """
        return state.load(self, state_dict, strict, assign)

    # -- printing --------------------------------------------------------------------------------

    def extra_repr(self) -> str:
        """What stands between the brackets when the module is printed; a subclass says its options here."""
        return ""

    def _get_name(self) -> str:
        return self.__class__.__name__

    def __repr__(self) -> str:
        return framed(self._get_name(), self.extra_repr(), [(f"({n})", repr(m)) for n, m in self._modules.items()])


def _instead_of(value: Any) -> str:
    """What to give where a module is wanted and ``value`` was given."""
    if isinstance(value, type) and issubclass(value, Module):
        return f"make an object of the class, as in {value.__name__}()"
    if isinstance(value, list | tuple):
        return "give the layers one by one, as in Sequential(*layers)"
    if callable(value):
        return "a function has a layer of its own, such as ReLU() for relu; or call it in forward()"
    return "a layer is wanted here, an object of a class derived from Module"
