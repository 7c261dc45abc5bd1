// What models on DiscoGAN's networks and schedule share (discogan.cpp, distancegan.cpp): the discriminators' opinion, and the share r that it
// leaves to what ties a result to its input.
#pragma once
#include "gan/losses/adversarial.h"
#include "gan/recipe.h"

namespace ganymede {

// Pixels as DiscoGAN's networks see them, in [0, 1], and back.
inline Tensor disco_pixels(const Tensor& x) { return x * 0.5 + 0.5; }
inline Tensor disco_picture(const Tensor& x) { return x * 2.0 - 1.0; }

class DiscoTerms {
 public:
  // Reads `tie` and `early_TIE` (r, and r at first; meaning: what it weighs), early_iterations, adversarial and matching, and keeps the count of iterations.
  DiscoTerms(Recipe& r, const Config& c, const std::string& tie, const std::string& meaning, bool points = false);

  // D's term 1/2 (-E log D(real) - E log(1 - D(fake))), with what is logged of it. formula: of the term; side: the end of its name.
  static void add_verdict(Losses& l, const nn::Net& D, const Tensor& real, const Tensor& fake, const std::string& side, const std::string& formula);
  // The end of an iteration: for the update that runs once in it.
  void count() const;
  Tensor share() const;  // r of this iteration, once count() was called in it
  // G's terms (1 - r) adversarial E -log D(fake) and (1 - r) matching (distance of mean features). made: "G_AB(a)".
  void add_opinion(Losses& l, const nn::Net& D, const Tensor& real, const Tensor& fake, const std::string& side, const std::string& made) const;

 private:
  double late_, early_, adversarial_, matching_;
  int64_t curriculum_;
  Tensor done_;
};

}  // namespace ganymede
