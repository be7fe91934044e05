"""Attention, transformers and pixel shuffling: compared with PyTorch from the same seed, forward and backward."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import minitorch_optim as ours

torch = pytest.importorskip("torch")


def close(mine: Any, theirs: Any, tolerance: float = 2e-5) -> None:
    np.testing.assert_allclose(mine.detach().numpy(), theirs.detach().numpy(), rtol=tolerance, atol=tolerance)


def both(build: Any, seed: int = 0) -> list[tuple[Any, Any]]:
    """The module built by either library from the same seed."""
    built = []
    for library in (ours, torch):
        library.manual_seed(seed)
        built.append((library, build(library.nn)))
    (_, mine), (_, theirs) = built
    for (name, p), (its_name, q) in zip(mine.named_parameters(), theirs.named_parameters(), strict=True):
        assert name == its_name
        np.testing.assert_array_equal(p.detach().numpy(), q.detach().numpy(), err_msg=name)
    assert repr(mine) == repr(theirs)
    return built


def run(built: list[tuple[Any, Any]], call: Any) -> None:
    """The same call of both, with the same input and the same dropout: results and all gradients."""
    outs = []
    for library, module in built:
        library.manual_seed(3)
        outs.append([out for out in call(library, module) if out is not None])
        sum((out * library.arange(out.numel()).reshape(out.shape) / out.numel()).sum() for out in outs[-1]).backward()
    for mine, theirs in zip(*outs, strict=True):
        assert tuple(mine.shape) == tuple(theirs.shape)
        close(mine, theirs)
    (_, mine), (_, theirs) = built
    for (name, p), q in zip(mine.named_parameters(), theirs.parameters(), strict=True):
        assert (p.grad is None) == (q.grad is None), name
        if p.grad is not None:
            close(p.grad, q.grad, 2e-4)


ATTENTION: dict[str, dict[str, Any]] = {
    "plain": {}, "no bias": {"bias": False}, "batch first": {"batch_first": True}, "dropout": {"dropout": 0.4},
    "other sizes": {"kdim": 3, "vdim": 5}, "learned keys": {"add_bias_kv": True}, "zeros": {"add_zero_attn": True},
    "both": {"add_bias_kv": True, "add_zero_attn": True},
}  # fmt: skip
MASKS: dict[str, Any] = {
    "none": lambda t: {},
    "weights not averaged": lambda t: {"average_attn_weights": False},
    "no weights": lambda t: {"need_weights": False},
    "bools": lambda t: {"attn_mask": t.ones(4, 6, dtype=t.bool).triu(2)},
    "numbers": lambda t: {"attn_mask": t.arange(24.0).reshape(4, 6) / 7},
    "of each head": lambda t: {"attn_mask": t.arange(96.0).reshape(4, 4, 6) / 20},
    "padding": lambda t: {"key_padding_mask": t.tensor([[False] * 6, [False, True] * 3])},
}


@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("options", ATTENTION)
def test_multihead_attention(options: str, mask: str) -> None:
    keywords = ATTENTION[options]
    built = both(lambda nn: nn.MultiheadAttention(8, 2, **keywords))

    def call(t: Any, module: Any) -> Any:
        sizes = [(4, 8), (6, keywords.get("kdim", 8)), (6, keywords.get("vdim", 8))]
        shapes = [(2, n, e) if module.batch_first else (n, 2, e) for n, e in sizes]
        return module(*(t.randn(*shape) for shape in shapes), **MASKS[mask](t))

    run(built, call)


def test_attention_without_a_batch() -> None:
    run(both(lambda nn: nn.MultiheadAttention(6, 3)), lambda t, m: m(t.randn(4, 6), t.randn(5, 6), t.randn(5, 6)))


@pytest.mark.parametrize(
    ("build", "call", "error", "match"),
    [
        (lambda nn: nn.MultiheadAttention(6, 4), None, AssertionError, "embed_dim must be divisible by num_heads"),
        (lambda nn: nn.MultiheadAttention(0, 4), None, ValueError, "must be greater than 0"),
        (None, {"is_causal": True}, RuntimeError, "Need attn_mask if specifying the is_causal hint"),
        (None, {"attn_mask": (2, 2)}, RuntimeError, "2D attn_mask is torch.Size..2, 2.., but should be .3, 3."),
        (None, {"key_padding_mask": (2, 2)}, AssertionError, "Expected key_padd.*shape"),
    ],
)
def test_attention_refuses(build: Any, call: Any, error: type[Exception], match: str) -> None:
    for library in (ours, torch):
        with pytest.raises(error, match=match):
            module = (build or (lambda nn: nn.MultiheadAttention(6, 3)))(library.nn)
            x = library.ones(3, 1, 6)
            module(x, x, x, **{k: library.ones(v) if isinstance(v, tuple) else v for k, v in call.items()})


LAYERS: dict[str, dict[str, Any]] = {
    "plain": {}, "norm first": {"norm_first": True}, "gelu": {"activation": "gelu", "batch_first": True},
    "no bias": {"bias": False}, "no dropout": {"dropout": 0.0},
}  # fmt: skip


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("options", LAYERS)
def test_encoder(options: str, training: bool) -> None:
    def build(nn: Any) -> Any:
        layer = nn.TransformerEncoderLayer(8, 2, 16, **LAYERS[options])
        return nn.TransformerEncoder(layer, 2, nn.LayerNorm(8), enable_nested_tensor=False).train(training)

    def call(t: Any, module: Any) -> Any:
        x = t.randn(4, 4, 8)
        return [module(x), module(x, t.nn.Transformer.generate_square_subsequent_mask(4), is_causal=True)]

    run(both(build), call)


@pytest.mark.parametrize("options", LAYERS)
def test_decoder(options: str) -> None:
    def build(nn: Any) -> Any:
        return nn.TransformerDecoder(nn.TransformerDecoderLayer(8, 2, 16, **LAYERS[options]), 2)

    def call(t: Any, module: Any) -> Any:
        return [module(t.randn(4, 4, 8), t.randn(4, 4, 8), t.nn.Transformer.generate_square_subsequent_mask(4))]

    run(both(build), call)


def test_whole_transformer() -> None:
    def call(t: Any, module: Any) -> Any:
        mask = t.nn.Transformer.generate_square_subsequent_mask(3)
        return [module(t.randn(5, 2, 8), t.randn(3, 2, 8), tgt_mask=mask, tgt_is_causal=True)]

    built = both(lambda nn: nn.Transformer(8, 2, 2, 2, 16))
    run(built, call)
    close(built[0][1].generate_square_subsequent_mask(4), built[1][1].generate_square_subsequent_mask(4))


def test_unknown_activation() -> None:
    with pytest.raises(RuntimeError, match="activation should be relu/gelu, not tanh"):
        ours.nn.TransformerEncoderLayer(8, 2, activation="tanh")


@pytest.mark.parametrize("options", [{}, {"is_causal": True}, {"scale": 0.3}, {"mask": "bool"}, {"mask": "float"}])
def test_scaled_dot_product_attention(options: dict[str, Any]) -> None:
    results = []
    for t in (ours, torch):
        t.manual_seed(0)
        q, k, v = t.randn(2, 3, 4, 5), t.randn(2, 3, 6, 5), t.randn(2, 3, 6, 7)
        given = dict(options)
        kind = given.pop("mask", None)
        if kind:
            given["attn_mask"] = t.ones(4, 6, dtype=t.bool).tril() if kind == "bool" else t.randn(4, 6)
        results.append(t.nn.functional.scaled_dot_product_attention(q, k, v, **given))
    close(*results)


def test_causal_or_a_mask_not_both() -> None:
    x = ours.ones(2, 2)
    with pytest.raises(RuntimeError, match="not both"):
        ours.nn.functional.scaled_dot_product_attention(x, x, x, attn_mask=x, is_causal=True)


def test_pixel_shuffle() -> None:
    for shape in ((8, 2, 3), (2, 8, 2, 3), (1, 2, 4, 3, 1)):
        x = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
        up = ours.nn.PixelShuffle(2)(ours.from_numpy(x))
        np.testing.assert_array_equal(up.numpy(), torch.nn.PixelShuffle(2)(torch.from_numpy(x)).numpy())
        np.testing.assert_array_equal(ours.nn.PixelUnshuffle(2)(up).numpy(), x)
    assert repr(ours.nn.PixelShuffle(2)) == repr(torch.nn.PixelShuffle(2))
    assert repr(ours.nn.PixelUnshuffle(2)) == repr(torch.nn.PixelUnshuffle(2))
    x = ours.ones(4, 1, 1, requires_grad=True)
    (ours.nn.functional.pixel_shuffle(x, 2) * ours.tensor([[1.0, 2.0], [3.0, 4.0]])).sum().backward()
    assert x.grad.flatten().tolist() == [1, 2, 3, 4]


@pytest.mark.parametrize("shape, factor", [((3, 2, 2), 2), ((4, 4), 2), ((4, 4, 4), 0)])
def test_pixel_shuffle_refuses(shape: tuple[int, ...], factor: int) -> None:
    for t in (ours, torch):
        with pytest.raises(RuntimeError, match="pixel_shuffle expects"):
            t.nn.functional.pixel_shuffle(t.ones(shape), factor)
    with pytest.raises(RuntimeError, match="height and width to be divisible by downscale_factor"):
        ours.nn.functional.pixel_unshuffle(ours.ones(1, 3, 4), 2)
