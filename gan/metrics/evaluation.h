// The measures by name, as `ganymede evaluate` prints them: each line with the convention that its number belongs to.
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gan/data/mixture.h"
#include "gan/metrics/trained_classifier.h"

namespace ganymede::metrics {

// One line of the table.
struct Reading {
  std::string name;
  double value = 0;
  std::optional<double> deviation = {};   // over splits or subsets
  std::string convention = {};
};

// Pictures and, once asked for, what the networks say of them.
class Side {
 public:
  explicit Side(Pictures pictures) : pictures_(std::move(pictures)) {}
  const Pictures& pictures() const { return pictures_; }
  const Seen& seen(const FeatureNetwork& by) const;
 private:
  Pictures pictures_;
  mutable std::vector<std::pair<const FeatureNetwork*, std::unique_ptr<Seen>>> seen_;
};

struct Comparison {
  const Side* real = nullptr;              // what samples are compared with
  const Side* fake = nullptr;
  const Side* train = nullptr;             // training pictures, for `nearest`; null: there are no others than `real`
  const FeatureNetwork* features = nullptr;    // of fid, kid, is, pr, density, nearest, lpips, cosine, sifid
  const FeatureNetwork* classifier = nullptr;  // of coverage and diversity; knows the data's classes
};

// What a measure asks: nothing but pixels; maps, features or classes of the feature network; or the classes of the data by the classifier.
enum class Needs { pixels, maps, features, classes, classifier };

struct PictureMeasure {
  std::string name, text;       // "pr", "precision and recall by nearest neighbours"
  Needs needs;
  std::vector<Reading> (*read)(const Comparison&);   // of what is not `unfit`
  int64_t least = 1;            // samples that it takes
  bool of_real_too = false;     // and as many real pictures
};
const std::vector<PictureMeasure>& picture_measures();
// Null if there is none of this name.
const PictureMeasure* find_picture_measure(const std::string& name);
// Whether the measure asks a feature network, and whether this one reaches what it asks for.
bool asks_features(const PictureMeasure& measure);
bool serves(const FeatureNetwork& network, const PictureMeasure& measure);

// Samples of a mixture: modes hit, quality, divergence.
std::vector<Reading> read_modes(const Rows& points, const data::Mixture& mixture);

// Why the measure cannot be had of these samples and so many real pictures, "takes at least 4 samples, not 2"; "" if it can.
std::string unfit(const PictureMeasure& measure, const Pictures& samples, int64_t real);
// What is wrong with these sample counts for this measure, in a line; "" if nothing is.
std::string too_few(const PictureMeasure& measure, const Comparison& c);

}  // namespace ganymede::metrics
