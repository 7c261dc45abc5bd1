// Virtual batch norm (Salimans et al. 2016, section 3.5): statistics from a fixed reference batch, so that a sample's output does not
// depend on the samples beside it.
#pragma once
#include "nn/layers.h"

namespace ganymede::nn {

// The first `reference` rows of its input are the reference batch, normalised by their own statistics over everything but the
// channels; each later row i by w s_i + (1 - w) s_ref, w = 1 / (reference + 1), for s the mean and the mean square, s_i those of the
// row itself. Then times exp(g) plus b, g from normal(0, 0.02), b 0 at first. So a network with such norms is called with the reference
// rows in front, and its first rows are dropped. Error if there are fewer rows than `reference`.
Layer virtual_norm(int channels, int64_t reference, double eps = 1e-5);

}  // namespace ganymede::nn
