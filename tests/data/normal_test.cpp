#include "engine/check.h"
#include "gan/data/dataset.h"
#include "gan/data/png.h"
#include "tests/data/data_test_util.h"

namespace ganymede::data {
namespace {

// Six pictures of 2x3 whose first pixel tells which they are, labels 0 1 2 0 1 2.
void put_six(const TemporaryFolder& folder, const std::string& start) {
  std::string pixels;
  for (int i = 0; i < 6; ++i) pixels += std::string(6, static_cast<char>(40 * i));
  put(folder / (start + "-images-idx3-ubyte"), idx_header({6, 2, 3}) + pixels);
  put(folder / (start + "-labels-idx1-ubyte"), idx_header({6}) + std::string("\0\1\2\0\1\2", 6));
}

std::vector<int> firsts(const Dataset& set) {
  std::vector<int> all;
  for (int64_t i = 0; i < set.size(); ++i) all.push_back(to_byte(sample_of(set, i, 1).real("image")[0]));
  return all;
}

TEST(Normal, TrainingHoldsTheNamedClassesAloneAndTheTestAll) {
  TemporaryFolder folder;
  put_six(folder, "train"), put_six(folder, "t10k");
  const std::string data = "mnist:" + folder.path().string();
  Options options;
  const auto one = open_dataset("normal:1," + data, options), two = open_dataset("normal:2+0," + data, options);
  EXPECT_EQ(firsts(*one), (std::vector<int>{40, 160}));
  EXPECT_EQ(firsts(*two), (std::vector<int>{0, 80, 120, 200}));
  EXPECT_EQ(one->field("label"), nullptr);
  EXPECT_EQ(one->classes(), 0);
  EXPECT_EQ(sample_of(*one, 1, 1).integer("anomalous")[0], 0);
  options.split = Split::test;
  const auto test = open_dataset("normal:2+0," + data, options);
  EXPECT_EQ(firsts(*test), (std::vector<int>{0, 40, 80, 120, 160, 200}));
  for (int64_t i = 0; i < 6; ++i) {
    EXPECT_EQ(sample_of(*test, i, 1).integer("anomalous")[0], i % 3 == 1);
    EXPECT_EQ(test->normal(i), i % 3 != 1);
  }
  expect_mentions(test->describe(), {"normal (2+0): 4 pictures and 2 anomalous of"});
}

TEST(Normal, OtherFieldsStay) {
  Options options;
  options.size = 16;
  const auto set = open_dataset("normal:circle,shapes:single,count=30", options), whole = open_dataset("shapes:single,count=30", options);
  EXPECT_EQ(set->fields().size(), whole->fields().size());
  EXPECT_EQ(set->attribute_names(), whole->attribute_names());
  int64_t at = 0;
  for (int64_t i = 0; i < whole->size(); ++i) {
    const HostBatch from = sample_of(*whole, i, 1);
    if (whole->class_names()[size_t(from.integer("label")[0])] != "circle") continue;
    const HostBatch one = sample_of(*set, at++, 1);
    for (const Field& f : from.fields()) {
      if (f.name == "label") continue;
      if (f.kind == Kind::real) EXPECT_TRUE(std::ranges::equal(one.real(f.name), from.real(f.name))) << f.name;
      if (f.kind == Kind::integer) EXPECT_TRUE(std::ranges::equal(one.integer(f.name), from.integer(f.name))) << f.name;
      if (f.kind == Kind::text) EXPECT_EQ(one.text(f.name)[0], from.text(f.name)[0]) << f.name;
    }
  }
  EXPECT_EQ(at, set->size());
  EXPECT_GT(at, 0);
}

// As MVTec AD has them: train/good, test/good, a folder for each flaw, and masks that are no pictures to learn from.
TEST(Normal, FoldersOfPartsAndFlaws) {
  TemporaryFolder folder;
  for (const char* name : {"train/good/0.png", "train/good/1.png", "test/cut/0.png", "test/good/0.png", "ground_truth/cut/0_mask.png"}) {
    std::filesystem::create_directories((folder / name).parent_path());
    write_png((folder / name).string(), sample_picture(4, 4, 3));
  }
  Options options;
  const std::string data = "normal:good,folder:" + folder.path().string();
  EXPECT_EQ(open_dataset(data, options)->size(), 2);
  options.split = Split::test;
  const auto test = open_dataset(data, options);
  ASSERT_EQ(test->size(), 2);
  EXPECT_EQ((std::vector<bool>{test->normal(0), test->normal(1)}), (std::vector<bool>{false, true}));
}

TEST(Normal, SaysWhatIsWrong) {
  expect_mentions(error_of([] { open_dataset("normal:circle"); }), {"comma", "normal:sneaker,fashion-mnist"});
  expect_mentions(error_of([] { open_dataset("normal:disc,shapes:single"); }), {"no class 'disc'", "circle"});
  expect_mentions(error_of([] { open_dataset("normal:circle,shapes:pairs"); }), {"no classes of pictures"});
}

}  // namespace
}  // namespace ganymede::data
