// The settings of CycleGAN's networks and training.
#pragma once
#include "gan/nets/translation_resnet.h"
#include "gan/parts/pool.h"
#include "nn/optim.h"

namespace ganymede {

struct CycleShape {
  bool residual = true;     // residual blocks, or a U-Net
  int width = 64, blocks = 6;
  int levels = 2;           // halvings of the generators
  int halvings = 3;         // of the discriminators
  nets::TranslationNorm norm = {};
  int64_t history = 50;     // earlier fakes a discriminator is shown
  nn::Optim optim = {};

  nets::ResnetShape resnet(int64_t in, int64_t out, int64_t condition = 0) const;
  int64_t unit() const { return int64_t{1} << levels; }  // sides of pictures are multiples of it
  // condition: length of a vector that they are given beside the pictures; 0: none.
  nn::Layer generator(int64_t in, int64_t out, int64_t condition = 0) const;
  nn::Layer discriminator(int64_t in, int64_t condition = 0) const;
  ImagePool pool(Recipe& r, const std::string& name, const Config& c, int64_t channels) const;
};
// What a model has where nothing is set.
struct CycleStandard {
  bool unet = true;         // whether generators may be U-Nets
  int width = 64, blocks = 0;   // 0 blocks: by the pictures' side
  double rate = 2e-4;
  int64_t history = 50;
};
// UsageError for pictures that do not fit.
CycleShape read_cycle_shape(const Config& c, const CycleStandard& standard = {});

}  // namespace ganymede
