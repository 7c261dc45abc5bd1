// Penalties on the gradient of a critic with respect to its input. The gradient is recorded, so that the update can
// differentiate through it.
#pragma once
#include <functional>

#include "engine/tensor.h"

namespace ganymede {

using Critic = std::function<Tensor(const Tensor& x)>;

enum class NormOver { sample, pixel };  // the norm of the whole sample (WGAN-GP), or of each pixel's channels (SinGAN)

// mean (|d sum critic(x) / d x| - target)^2, x a constant point.
Tensor penalty_at(const Critic& critic, const Tensor& x, double target = 1, NormOver over = NormOver::sample);

// WGAN-GP (Gulrajani et al. 2017, eq. 3): at x^ = a x + (1 - a) y with one uniform a for each sample.
Tensor gradient_penalty(const Critic& critic, const Tensor& real, const Tensor& fake, NormOver over = NormOver::sample);
// DRAGAN (Kodali et al. 2017): at x + a u, u uniform noise of half the data's deviation.
Tensor dragan_penalty(const Critic& critic, const Tensor& real);
// R1 on real pictures, R2 on fakes (Mescheder et al. 2018, eq. 9): mean |d critic / d x|^2, without the weight gamma / 2.
Tensor r1_penalty(const Critic& critic, const Tensor& x);
// The same of scores that are there already, of an x that was watched before it was judged (engine/autograd.h).
Tensor squared_slope(const Tensor& scores, const Tensor& x);
// |d sum critic(x) / d x|, recorded: [N], or [N, H, W] over each pixel's channels; x a constant point.
Tensor gradient_norms_at(const Critic& critic, const Tensor& x, NormOver over = NormOver::sample);
// The same at the points of gradient_penalty, which is mean (norms - 1)^2: for a recipe that also logs their mean.
Tensor gradient_norms(const Critic& critic, const Tensor& real, const Tensor& fake, NormOver over = NormOver::sample);

}  // namespace ganymede
