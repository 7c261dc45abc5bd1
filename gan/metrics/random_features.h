// Features of a fixed random network: for comparing models with one another where no trained feature network is at hand. Distances in
// them mean nothing in themselves.
#pragma once
#include "engine/tensor.h"
#include "gan/metrics/rows.h"

namespace ganymede::metrics {

inline constexpr int64_t kRandomFeatures = 24;

// Pictures [n, h, w, channels] (at least 8 x 8) to a row of features for each position: three 3x3 convolutions (He's
// initialisation, always the same) with leaky ReLU, no padding.
Rows random_features(const Tensor& pictures);

// Frechet distance between the features of two sets of pictures, or of two pictures (then SIFID with another network).
double random_feature_distance(const Tensor& a, const Tensor& b);

}  // namespace ganymede::metrics
