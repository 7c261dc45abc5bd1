// What a generator lost: whole classes (inter-class collapse), or the variety inside a class (intra-class collapse).
#pragma once
#include <string>

#include "gan/metrics/rows.h"

namespace ganymede::metrics {

// Shares of the classes among samples, judged by a classifier.
struct ClassCoverage {
  std::vector<double> share;      // by class, sum 1
  int64_t covered = 0;            // classes with at least 0.3 of an equal share (3 % of 10 classes)
  double smallest = 0;            // the least share
  double off = 0;                 // total variation distance from the given shares: 0 the same, 1 disjoint
};
// expected: shares of the real data; empty: equal ones. Labels outside 0 .. classes - 1 are an Error.
ClassCoverage class_coverage(const std::vector<int64_t>& labels, int64_t classes, const std::vector<double>& expected = {});
std::vector<double> shares(const std::vector<int64_t>& labels, int64_t classes);

// Variety of features inside each class: the total variance (trace of the covariance, divisor n - 1) of a class's rows divided by that
// of the same class of real data. 1: as varied as the data; 0: one picture a class.
struct ClassDiversity {
  std::vector<double> ratio;      // by class; NaN for classes with fewer than two rows on either side
  double mean = 0;                // over the classes that have a ratio, NaN if none has
  double least = 0;
};
ClassDiversity class_diversity(const Rows& real, const std::vector<int64_t>& real_labels, const Rows& fake, const std::vector<int64_t>& fake_labels, int64_t classes);

// Pairs of different samples of one class, up to `pairs` a class, drawn by seed; for distances between samples of a class. The
// same rows may be in several pairs.
std::vector<std::pair<int64_t, int64_t>> pairs_in_classes(const std::vector<int64_t>& labels, int64_t classes, int64_t pairs, uint64_t seed = 1);

}  // namespace ganymede::metrics
