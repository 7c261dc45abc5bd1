// The feature network that needs no download: a classifier that the program trains on the labels of the data at hand.
#pragma once
#include <functional>

#include "gan/metrics/feature_network.h"

namespace ganymede::metrics {

struct ClassifierOptions {
  std::string data;              // as --data says
  int64_t size = 0, channels = 0;
  uint64_t seed = 1;             // of the data set (generated data)
  int64_t epochs = 3;            // at least 300 iterations and at most 6000 in all
  bool cache = true;             // read and write in cache_folder()
};

struct TrainedClassifier {
  FeatureNetwork network;
  double accuracy = 0;           // share of the judged pictures that it gets right
  int64_t judged = 0;            // how many those were
  bool unseen = false;           // they come from a test split; else the classifier was trained on them
  std::string file;              // where it is kept; "" if nowhere
  bool from_cache = false;
};

// Trains on the train split by the trainer, as a recipe with one update (cross entropy, Adam), on the context's device; or reads it
// from the cache, where it is filed by data set, size, channels and version, and used only if a fingerprint of the pictures and
// labels agrees. Of data of two sides with labels (fields b and label_b) it knows side b. say: one line of progress now and then. Throws UsageError when the data have no labels, or one class.
TrainedClassifier trained_classifier(const ClassifierOptions& options, const std::function<void(const std::string&)>& say = {});

}  // namespace ganymede::metrics
