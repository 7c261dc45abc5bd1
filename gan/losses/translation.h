// Losses of models that turn pictures into pictures.
#pragma once
#include "engine/tensor.h"
#include "gan/losses/adversarial.h"

namespace ganymede {

// Benaim & Wolf 2017: d(x, y), the mean absolute difference over all pixels. Of every two pictures of a batch [N, ...], N at least 2: [N (N - 1) / 2],
// in an order that follows from N; of the upper and the lower half of each [N, H, W, C], H even: [N].
Tensor pair_distances(const Tensor& x);
Tensor half_distances(const Tensor& x);

// E |half_distances(x) - half_distances(y)|, not standardised. x and y [N, H, W, any C].
Tensor self_distance(const Tensor& x, const Tensor& y);

// Feature matching of DiscoGAN (Kim et al. 2017): the sum over layers of mean (E f(real) - E f(fake))^2, E over the batch and the mean over a
// sample's features. Order of the samples means nothing; real is a target, without a gradient.
Tensor mean_feature_distance(const Tensors& real, const Tensors& fake);

// Taigman et al. 2017, B = 1: sum over pixels of ((x_i,j+1 - x_ij)^2 + (x_i+1,j - x_ij)^2)^(1/2), over channels, mean over pictures [N, H, W, C] with at least 2 pixels a side;
// the last row and column begin no step. 1e-8 under the root, for a gradient where all is flat.
Tensor isotropic_variation(const Tensor& x);

// What CycleGAN and BicycleGAN write: least squares without a half, E (D(G(x)) - 1)^2, as the generator's loss; and what D
// minimises without one. Other objectives are as they are.
Tensor full_g(const Adversarial& adv, const Tensor& fake);
Tensor full_d(const Adversarial& adv, const Tensor& real, const Tensor& fake);

}  // namespace ganymede
