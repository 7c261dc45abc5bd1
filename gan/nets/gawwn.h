// The networks of GAWWN (Reed, Akata, Mohan, Tenka, Schiele, Lee 2016, from the authors' Torch code for birds). A location is a box [N, 4] or keypoints
// [N, 3 K] (location.h).
#pragma once
#include "nn/module.h"

namespace ganymede::nets {

struct GawwnSize {
  int size = 128, channels = 3;   // of the picture: grid * 2^k pixels
  int grid = 16;                  // of the maps that a location acts on: 8, 16, 32, ... cells
  int width = 128;                // channels of the generator; of the discriminator next to the picture
  int latent = 100;
  int text = 1024, projected = 128;   // length of a text's vector, and what the discriminator makes of it
  int keypoints = 15;
  bool located = true;            // boxes: by spatial transformers. Without them texts are tiled and no box is seen
  bool gated = true;              // keypoints: by the gate. Without it their maps alone are seen
  // Batch norm in the discriminator: of what sees a picture or a text alone; of cells that see both, too; of vectors made of these, too, as in the paper.
  enum class Norms { apart, cells, all } norms = Norms::all;
};

// net(Tensors{z [N, latent], text [N, text], location}) -> {pictures in (-1, 1)}.
nn::Layer box_generator(const GawwnSize& s);
nn::Layer keypoint_generator(const GawwnSize& s);
// net(Tensors{x, text, location}) -> {a logit [N, 1]}. Texts of boxes are pasted into them, where the authors' code crops a constant map.
nn::Layer box_discriminator(const GawwnSize& s);
nn::Layer keypoint_discriminator(const GawwnSize& s);

// The GAN that completes keypoints, of `units` (512 in the paper).
// net(Tensors{z [N, latent], text, given keypoints}) -> {keypoints}: visible ones as they were given, the others made.
nn::Layer keypoint_completion(int latent, int text, int keypoints, int units);
// net(Tensors{keypoints, text}) -> {a logit}. norms: with batch norm, as in the paper.
nn::Layer keypoint_judge(int text, int keypoints, int units, bool norms = true);

}  // namespace ganymede::nets
