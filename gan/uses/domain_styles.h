// What models are for that bring a picture to one of several domains, in a style that a code draws or another picture shows.
#pragma once
#include "gan/parts/domains.h"
#include "gan/recipe.h"

namespace ganymede {

// Domains are rows of 0 and 1 [n, count] (gan/parts/domains.h), styles [n, style].
struct DomainStyler {
  std::function<Tensor(const Tensor& x, const Tensor& style)> map;      // pictures [n, H, W, C] in [-1, 1] to the same
  std::function<Tensor(const Tensor& z, const Tensor& domain)> draw;    // z [n, latent], normal, to a style of the domain
  std::function<Tensor(const Tensor& x, const Tensor& domain)> encode;  // pictures of the domain to their style
  int64_t latent = 16, style = 64;
  int64_t unit = 16, size = 256;   // of the sides of what map takes; of what encode takes
};

// Samples (test pictures brought to the domains of others); a sheet of picture x domain with a picture and its style behind; the tasks translate (n random styles of a domain, or of each)
// and style (every picture in the style of the first); for export translate, encode and style; and the measures
//   domain, domain_style        whether an independent classifier (attribute_classifier.h) finds the domain asked for, of random styles and of those of pictures
//   taken, taken-NAME           of the data's other attributes, whether a result has that of the picture whose style it is in where this differs from that of its source
//   style_colour                how far mean colours are from those of the picture whose style it is, over how far two pictures of a domain are apart
//   colour_diversity, diversity, lpips_diversity    how far two random results of a picture are apart
//   moved, cycle, style_error   what stays: the place, the picture there and back, the style in the result
void add_domain_style_uses(Recipe& r, const Config& c, const Domains& domains, const DomainStyler& styler);

}  // namespace ganymede
