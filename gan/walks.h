// Ways to look at a latent space: rows of classes, lines between points, one code or coordinate moved while the rest stays,
// samples beside their nearest real pictures. Each returns a labelled sheet.
#pragma once
#include <optional>
#include <string>

#include "gan/data/picture.h"
#include "gan/session.h"

namespace ganymede {

struct WalkOptions {
  int64_t rows = 8;
  std::optional<int64_t> columns = {};     // 8 where not given
  uint64_t seed = 1;
  std::optional<double> truncation = {};   // > 0: coordinates of z redrawn until |z| <= this (Brock et al. 2019), normal priors only; or psi of Latent::truncated
  std::optional<double> temperature = {};  // of the noise, instead of the latent space's own; normal priors only
  std::optional<int64_t> label = {};       // this class only
};

// A row a class, `columns` samples each; the same noise in every row.
data::Picture class_rows(Session& session, const WalkOptions& options);
// A row a pair of random points, `columns` steps from one to the other, straight or on the sphere (Shoemake's slerp).
data::Picture interpolations(Session& session, const WalkOptions& options, bool spherical);
// Frames of n samples that walk at once, each through options.rows random points and back to the first, options.columns frames from one to the next; `columns` pictures
// a row, 0: a square sheet. Played again and again they have no end.
std::vector<data::Picture> walk_frames(Session& session, int64_t n, int64_t columns, const WalkOptions& options, bool spherical);
// A row a random point; along it one code (by name) or coordinate (by number) takes each of its values, or `columns` steps
// from -2 to 2.
data::Picture traversals(Session& session, const WalkOptions& options, const std::string& what);
// Samples, and under each the training picture nearest to it (Euclidean distance of pixels).
data::Picture beside_nearest(Session& session, const WalkOptions& options);
// n samples on the way from the noise of the options' seed (at = 0) to that of another (at = 1): on the sphere where the
// prior is normal, straight otherwise. Classes in turn, or the options' label; a sheet of options.columns pictures a row.
data::Picture samples_between(Session& session, int64_t n, uint64_t other_seed, double at, const WalkOptions& options);
// A plain sheet of n samples under the options' truncation and label.
data::Picture plain_samples(Session& session, int64_t n, const WalkOptions& options);

}  // namespace ganymede
