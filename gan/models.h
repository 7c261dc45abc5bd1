// The models, by name.
#pragma once
#include <deque>
#include <string>
#include <vector>

#include "gan/config.h"
#include "gan/recipe.h"

namespace ganymede {

struct Model {
  std::string id, paper;
  int year;
  std::string arxiv, summary;
  std::vector<std::string> needs;   // fields of the data; "image|point": one of them
  Recipe (*recipe)(const Config&);
  int64_t size, batch, steps;       // standards: pixels (0: as the data are), samples an iteration, iterations
  std::string data = "fashion-mnist";  // what it trains on if nothing else is said
  bool any_shape = false;           // takes pictures that are not square
  bool maps_points = false;         // takes points as "a" and "b" too
  std::string from = "a program of its own";  // what it draws from, in words: the heading that `ganymede models` lists it under
  std::string doi = {};             // of a paper that is not on arXiv
  std::string published() const { return arxiv.empty() ? "doi " + doi : "arXiv " + arxiv; }
};

// All there are, those of one kind (`from`) together, then those that were added.
const std::deque<Model>& models();
// One of a program's own. UsageError if there is one of this id, or the id is not a word
// of small letters, digits and dashes.
void add_model(Model model);
// UsageError that names similar models if there is none of this id.
const Model& find_model(const std::string& id);

Recipe gan(const Config& c);
Recipe dcgan(const Config& c);
Recipe wgan_gp(const Config& c);
Recipe cgan(const Config& c);
Recipe acgan(const Config& c);
Recipe infogan(const Config& c);
Recipe sagan(const Config& c);
Recipe biggan(const Config& c);
Recipe cogan(const Config& c);
Recipe wgan(const Config& c);
Recipe f_gan(const Config& c);
Recipe improved_gan(const Config& c);
Recipe vae_gan(const Config& c);
Recipe vae(const Config& c);
Recipe bigan(const Config& c);
Recipe f_anogan(const Config& c);
Recipe ali(const Config& c);
Recipe mrgan(const Config& c);
Recipe pix2pix(const Config& c);
Recipe pan(const Config& c);
Recipe pldt(const Config& c);
Recipe spade(const Config& c);
Recipe deepfill(const Config& c);
Recipe singan_model(const Config& c);
Recipe cyclegan(const Config& c);
Recipe bicyclegan(const Config& c);
Recipe discogan(const Config& c);
Recipe dualgan(const Config& c);
Recipe distancegan(const Config& c);
Recipe unit(const Config& c);
Recipe dtn(const Config& c);
Recipe cut(const Config& c);
Recipe ss_gan(const Config& c);
Recipe srcnn(const Config& c);
Recipe espcn(const Config& c);
Recipe srgan(const Config& c);
Recipe esrgan(const Config& c);
Recipe perceptual_losses(const Config& c);
Recipe drcn(const Config& c);
Recipe face_sr_wgan(const Config& c);
Recipe vespcn(const Config& c);
Recipe progressive_gan(const Config& c);
Recipe stylegan2(const Config& c);
Recipe r3gan(const Config& c);
Recipe fastgan(const Config& c);
Recipe lapgan(const Config& c);
Recipe stacked_gan(const Config& c);
Recipe gan_int_cls(const Config& c);
Recipe stackgan(const Config& c);
Recipe stackgan_pp(const Config& c);
Recipe attngan(const Config& c);
Recipe gawwn(const Config& c);
Recipe tac_gan(const Config& c);
Recipe stargan(const Config& c);
Recipe stargan_v2(const Config& c);
Recipe fader_networks(const Config& c);
Recipe genegan(const Config& c);
Recipe residual_gan(const Config& c);
Recipe conditional_cyclegan(const Config& c);
Recipe semi_latent_gan(const Config& c);
Recipe glow(const Config& c);
Recipe pixelcnn(const Config& c);
Recipe ppgn(const Config& c);
Recipe stn(const Config& c);

}  // namespace ganymede
