// Distances between two pictures in the feature maps of a network.
#pragma once
#include "gan/metrics/rows.h"

namespace ganymede::metrics {

// One picture's feature map at one layer: a row a position, [height * width, channels].
using Maps = std::vector<Rows>;   // a picture's maps, layer by layer

// LPIPS (Zhang et al. 2018, arXiv 1801.03924): sum over layers of the mean over positions of sum_c w_c (f_c / |f| - g_c / |g|)^2, |.| over
// the channels plus 1e-10. weights: one non-negative number a channel and layer, or empty for 1 everywhere. Throws Error when shapes
// differ.
double lpips(const Maps& a, const Maps& b, const std::vector<std::vector<float>>& weights = {});

// sum over layers of the mean over positions of 1 - cos(f, g) (the diversity score of an early version of the BicycleGAN paper, on
// VGG-16). Half of lpips without weights.
double cosine_distance(const Maps& a, const Maps& b);

// Single image FID (Shaham et al. 2019, arXiv 1905.01164): the Frechet distance between the positions of two maps, each of which is a
// sample. The published convention takes the 192 channels before Inception's second max pooling.
double sifid(const Rows& real_map, const Rows& fake_map);

}  // namespace ganymede::metrics
