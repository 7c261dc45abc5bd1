#include "engine/check.h"
#include "gan/data/dataset.h"
#include "tests/data/data_test_util.h"

namespace ganymede::data {
namespace {

// Four pictures of 2x3 whose pixels tell which they are, labels 0 to 3.
void put_four(const TemporaryFolder& folder, const std::string& start) {
  std::string pixels;
  for (int i = 0; i < 4; ++i)
    for (int p = 0; p < 6; ++p) pixels += static_cast<char>(40 * i + p * p);
  put(folder / (start + "-images-idx3-ubyte"), idx_header({4, 2, 3}) + pixels);
  put(folder / (start + "-labels-idx1-ubyte"), idx_header({4}) + std::string("\0\1\2\3", 4));
}

TEST(Halves, NoPictureIsOnBothSides) {
  TemporaryFolder folder;
  put_four(folder, "train");
  const auto set = open_dataset("halves:mnist:" + folder.path().string() + ",negative");
  ASSERT_EQ(set->size(), 2);
  for (int64_t i = 0; i < 2; ++i)
    for (uint64_t key = 0; key < 20; ++key) {
      const HostBatch one = sample_of(*set, i, key);
      EXPECT_EQ(one.integer("label")[0], 2 * i);
      EXPECT_EQ(one.integer("label_b")[0] % 2, 1);
      for (size_t p = 0; p < 6; ++p) {
        EXPECT_EQ(to_byte(one.real("a")[p]), 80 * i + int(p * p));
        EXPECT_EQ(to_byte(one.real("b")[p]), 255 - 40 * one.integer("label_b")[0] - int(p * p));
      }
    }
}

TEST(Halves, OutlinesAreTheDilationMinusThePicture) {
  TemporaryFolder folder;
  put_four(folder, "t10k");
  Options options;
  options.split = Split::test;
  const auto set = open_dataset("halves:mnist:" + folder.path().string() + ",outlines", options);
  const HostBatch one = sample_of(*set, 1, 3);   // in step: b is picture 3
  EXPECT_EQ(one.integer("label_b")[0], 3);
  // Rows 120 121 124 / 129 136 145: the largest in reach minus the pixel.
  const int want[] = {16, 24, 21, 7, 9, 0};
  for (size_t p = 0; p < 6; ++p) EXPECT_NEAR((one.real("b")[p] + 1) * 127.5, want[p], 1e-3) << p;
}

TEST(Halves, SaysWhatIsWrong) {
  expect_mentions(error_of([] { open_dataset("halves:shapes"); }), {"comma", "outlines"});
  expect_mentions(error_of([] { open_dataset("halves:shapes,lines"); }), {"unknown task 'lines'", "negative"});
  expect_mentions(error_of([] { open_dataset("halves:shapes:pairs,negative"); }), {"no field image"});
}

}  // namespace
}  // namespace ganymede::data
