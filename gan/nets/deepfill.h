// The networks of DeepFill's second version (Yu et al. 2019, arXiv 1806.03589, figure 3, and the authors' code).
#pragma once
#include "nn/module.h"

namespace ganymede::nets {

struct FillShape {
  int size = 256, channels = 3;   // of pictures; size: the shorter side, on which dilations and D's depth depend
  int width = 24;                 // channels next to the picture, twice and four times as many at a half and a quarter of its sides; 24 in the paper
  bool gated = true;              // convolutions of G, or plain ones of as many channels
  bool attention = true;          // a second branch of the refinement, by patches from outside of the hole
  bool refined = true;            // a second pass behind the coarse one
};
inline constexpr int kFillUnit = 8;   // sides of pictures are multiples of it

// {pictures with zeros in the hole [N, H, W, C], hole [N, H, W, 1] of zeros and ones} -> {coarse, fine}, pictures in (-1, 1) of which only what lies in the hole is wanted;
// {coarse} alone where it is not refined.
nn::Layer fill_generator(const FillShape& s);

struct FillJudgeShape {
  int channels = 3;
  int width = 64;                 // of the first layer; twice and then four times as many behind it
  int layers = 6;                 // 5x5, each halving the sides
  bool spectral = true;           // every weight is divided by its largest singular value
};
// {pictures, holes} -> scores [N, h, w, 4 width], one for each place and channel (SN-PatchGAN).
nn::Layer fill_judge(const FillJudgeShape& s);

}  // namespace ganymede::nets
