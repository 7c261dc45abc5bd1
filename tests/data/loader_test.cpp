#include <algorithm>
#include <atomic>
#include <set>

#include "engine/check.h"
#include "gan/data/loader.h"
#include "tests/data/data_test_util.h"

namespace ganymede::data {
namespace {

// Sample i is the number i and a random number; reading `broken` throws, and slow samples mix up the threads.
class Numbers : public Dataset {
 public:
  explicit Numbers(int64_t size, int64_t broken = -1) : broken(broken), size_(size) {
    fields_ = {{"number", {}, Kind::integer}, {"noise", {2}, Kind::real}, {"word", {}, Kind::text}};
  }
  int64_t size() const override { return size_; }
  std::string describe() const override { return "numbers"; }
  void read(int64_t index, Random& random, HostBatch& out, int64_t row) const override {
    if (index == broken) throw Error("file 17.png: broken");
    if (index % 5 == 0) std::this_thread::sleep_for(std::chrono::microseconds(300));
    out.integer(0, row)[0] = index;
    for (float& value : out.real(1, row)) value = static_cast<float>(random.uniform());
    out.text(2, row) = std::to_string(index);
  }
  std::atomic<int64_t> broken;

 private:
  int64_t size_;
};

std::string text_of(const HostBatch& batch) {
  std::string text;
  for (int64_t i = 0; i < batch.rows(); ++i) {
    const size_t row = static_cast<size_t>(i);
    text += std::to_string(batch.integer("number")[row]) + " " +
            std::to_string(batch.real("noise")[2 * row + 1]) + " " + batch.text("word")[row] + "\n";
  }
  return text;
}

std::vector<std::string> batches(Loader& loader, int count) {
  std::vector<std::string> all;
  for (int i = 0; i < count; ++i) all.push_back(text_of(loader.next()));
  return all;
}

}  // namespace

TEST(Loader, ThreadsDoNotChangeTheOrder) {
  const Numbers data(23);
  Loader reference(data, 4, 7, 0);
  const std::vector<std::string> expected = batches(reference, 40);
  for (int threads : {1, 2, 4}) {
    Loader loader(data, 4, 7, threads);
    EXPECT_EQ(batches(loader, 40), expected) << threads << " threads";
  }
  Loader other(data, 4, 8, 0);
  EXPECT_NE(batches(other, 40), expected);
}

TEST(Loader, SeekGivesTheBatchOfThatNumber) {
  const Numbers data(23);
  Loader straight(data, 4, 7, 2);
  const std::vector<std::string> expected = batches(straight, 30);
  Loader jumping(data, 4, 7, 2);
  for (int64_t k : {29, 3, 4, 17, 0, 0}) {
    jumping.seek(k);
    EXPECT_EQ(jumping.iteration(), k);
    EXPECT_EQ(text_of(jumping.next()), expected[static_cast<size_t>(k)]);
  }
  EXPECT_EQ(text_of(jumping.next()), expected[1]);
}

TEST(Loader, AnEpochHasEverySampleAtMostOnce) {
  const Numbers data(23);
  Loader loader(data, 4, 7, 1);
  EXPECT_EQ(loader.batches_per_epoch(), 5);
  std::vector<std::set<int64_t>> epochs(2);
  std::vector<std::vector<int64_t>> orders(2);
  for (int k = 0; k < 10; ++k) {
    EXPECT_EQ(loader.epoch(), k / 5);
    const HostBatch& batch = loader.next();
    for (int64_t number : batch.integer("number")) {
      EXPECT_TRUE(epochs[static_cast<size_t>(k / 5)].insert(number).second);
      orders[static_cast<size_t>(k / 5)].push_back(number);
    }
  }
  EXPECT_EQ(epochs[0].size(), 20u);
  EXPECT_NE(orders[0], orders[1]);
}

TEST(Loader, EverySampleComesEverywhereInTime) {
  const Numbers data(6);
  Loader loader(data, 3, 1, 0);
  std::vector<int> first(6);
  for (int k = 0; k < 1200; ++k) first[static_cast<size_t>(loader.next().integer("number")[0])]++;
  for (int count : first) EXPECT_NEAR(count, 200, 60);
}

TEST(Loader, AugmentationDependsOnEpochAndSampleOnly) {
  const Numbers data(8);
  Loader small(data, 2, 7, 1), large(data, 4, 7, 2);
  std::set<std::string> from_small, from_large;
  const auto collect = [](const HostBatch& batch, int64_t epoch, std::set<std::string>& into) {
    for (int64_t i = 0; i < batch.rows(); ++i) {
      into.insert(std::to_string(epoch) + ":" + batch.text("word")[static_cast<size_t>(i)] + ":" +
                  std::to_string(batch.real("noise")[static_cast<size_t>(2 * i)]));
    }
  };
  for (int k = 0; k < 8; ++k) collect(small.next(), k / 4, from_small);
  for (int k = 0; k < 4; ++k) collect(large.next(), k / 2, from_large);
  EXPECT_EQ(from_small.size(), 16u);
  EXPECT_EQ(from_small, from_large);
  std::set<std::string> without_epoch;
  for (const std::string& each : from_small) without_epoch.insert(each.substr(2));
  EXPECT_EQ(without_epoch.size(), 16u);  // another view of a sample in every epoch
}

TEST(Loader, AFailureComesWithItsBatchAndCanBeTriedAgain) {
  for (int threads : {0, 1, 3}) {
    Numbers data(20, 11);
    Loader loader(data, 5, 3, threads);
    int good = 0;
    std::string text;
    try {
      for (int k = 0; k < 4; ++k, ++good) loader.next();
    } catch (const Error& error) {
      text = error.what();
    }
    EXPECT_EQ(text, "file 17.png: broken");
    EXPECT_EQ(loader.iteration(), good);
    data.broken = -1;
    const std::string retried = text_of(loader.next());
    Loader reference(data, 5, 3, 0);
    EXPECT_EQ(retried, batches(reference, good + 1).back());
  }
}

TEST(Loader, WrongBatchesAreNamed) {
  const Numbers data(20);
  expect_mentions(error_of([&] { Loader(data, 21, 0, 1); }), {"batch of 21", "20 samples", "numbers"});
  expect_mentions(error_of([&] { Loader(data, 0, 0, 1); }), {"batch is 0"});
  expect_mentions(error_of([&] { Loader(data, 1, 0, -1); }), {"threads is -1"});
  Loader loader(data, 20, 0, 4);  // more threads than batches an epoch
  const HostBatch& batch = loader.next();
  expect_mentions(error_of([&] { batch.real("picture"); }), {"'picture'", "noise (real)"});
  expect_mentions(error_of([&] { batch.real("number"); }), {"'number'", "number (integer)"});
  EXPECT_FALSE(batch.has("picture"));
  EXPECT_GE(loader.waited_seconds(), 0);
}

TEST(Loader, ReadsWithTheCoresThatAreFree) {
  EXPECT_EQ(reading_threads(false, 2, 16, 4 << 20), 15);              // beside an accelerator, whatever OpenMP's threads are
  EXPECT_EQ(reading_threads(true, 16, 16, 4 << 20), 4);
  EXPECT_EQ(reading_threads(true, 1, 16, 4 << 20), 1);
  EXPECT_EQ(reading_threads(false, 16, 1, 4 << 20), 1);
  EXPECT_EQ(reading_threads(false, 16, 16, int64_t{128} << 20), 5);   // 8 batches take 1 GiB
  EXPECT_EQ(reading_threads(false, 16, 16, int64_t{1} << 40), 1);
  EXPECT_EQ(batches_in_memory(5), 8);
}

TEST(Random, IsUniformAndKeyed) {
  Random random(1, 2, 3), same(1, 2, 3), other(1, 3, 2);
  EXPECT_EQ(random.bits(), same.bits());
  EXPECT_NE(random.bits(), other.bits());
  double sum = 0, squares = 0;
  std::vector<int> histogram(7);
  constexpr int kCount = 70000;
  for (int i = 0; i < kCount; ++i) {
    const double x = random.normal();
    sum += x, squares += x * x;
    histogram[static_cast<size_t>(random.below(7))]++;
  }
  EXPECT_NEAR(sum / kCount, 0, 0.02);
  EXPECT_NEAR(squares / kCount, 1, 0.03);
  for (int count : histogram) EXPECT_NEAR(count, kCount / 7, 400);
}

}  // namespace ganymede::data
