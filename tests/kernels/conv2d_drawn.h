// Convolutions drawn at random, small and odd ones first.
#pragma once
#include <algorithm>

#include "kernels/api/conv2d.h"
#include "tests/support/draw.h"

namespace ganymede::kernels {

// Of at most so many products, at least one of them.
inline Conv2d drawn_problem(test::Draw& draw, int64_t most_terms) {
  while (true) {
    Conv2d p{};
    p.n = draw.of({1, 1, 1, 2, 3, 5}), p.groups = draw.one_in(8) ? draw.of({2, 3, 4}) : 1;
    const bool many_weights = draw.one_in(12);
    const auto size = [&] { return many_weights ? draw.of({1, 2, 3, 4, 5, 7}) : draw.of({1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 13, 16, 17, 24, 33, 50, 101, 250}); };
    const auto channels = [&] { return (many_weights ? draw.of({96, 128, 160, 208, 256}) : draw.of({1, 2, 3, 4, 5, 7, 8, 12, 16, 17, 24, 32, 32, 33, 40, 48, 64, 64, 80, 96, 128, 144, 256, 512})) * p.groups; };
    const auto filter = [&] { return draw.of({1, 1, 2, 3, 3, 3, 4, 4, 5, 6, 7, 9}); };
    p.h = size(), p.w = size(), p.c = channels(), p.k = channels();
    p.r = p.s = filter(), p.stride_h = p.stride_w = draw.of({1, 1, 1, 2, 2, 2, 3, 4}), p.pad_h = p.pad_w = int(draw.between(0, std::min(p.r, 4))), p.dilation_h = p.dilation_w = draw.one_in(6) ? 2 : 1;
    if (draw.one_in(4)) p.s = filter();
    if (draw.one_in(4)) p.stride_w = draw.of({1, 2, 3});
    if (draw.one_in(6)) p.pad_w = int(draw.between(0, 3));
    if (draw.one_in(10)) p.dilation_w = draw.of({1, 2, 3});
    const auto out = [](int extent, int pad, int taps, int dilation, int stride) { return (extent + 2 * pad - (taps - 1) * dilation - 1 + stride) / stride; };
    p.p = out(p.h, p.pad_h, p.r, p.dilation_h, p.stride_h), p.q = out(p.w, p.pad_w, p.s, p.dilation_w, p.stride_w);
    if (draw.one_in(6)) p.p -= int(draw.between(0, 2)), p.q -= int(draw.between(0, 2));  // fewer than fit
    if (p.p > 0 && p.q > 0 && int64_t{p.n} * p.p * p.q * p.k * p.r * p.s * (p.c / p.groups) <= most_terms) return p;
  }
}

inline Unary drawn_activation(test::Draw& draw) { return draw.of({Unary::identity, Unary::relu, Unary::leaky_relu, Unary::tanh}); }

}  // namespace ganymede::kernels
