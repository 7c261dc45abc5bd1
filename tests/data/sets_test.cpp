#include <cstdlib>

#include "engine/check.h"
#include "gan/data/dataset.h"
#include "gan/data/idx.h"
#include "gan/data/picture_file.h"
#include "gan/data/png.h"
#include "tests/data/data_test_util.h"

namespace ganymede::data {
namespace {

std::string image_of(const Dataset& dataset, int64_t index) {
  HostBatch batch(dataset.fields(), 1);
  Random random(0);
  dataset.read(index, random, batch, 0);
  std::string bytes;
  for (float value : batch.real("image")) bytes += static_cast<char>(to_byte(value));
  return bytes;
}

int64_t label_of(const Dataset& dataset, int64_t index) {
  HostBatch batch(dataset.fields(), 1);
  Random random(0);
  dataset.read(index, random, batch, 0);
  return batch.integer("label")[0];
}

// Two pictures of 2x3 with labels 1 and 0.
void put_idx(const TemporaryFolder& folder, const std::string& start) {
  put(folder / (start + "-images-idx3-ubyte"), idx_header({2, 2, 3}) + "abcdefGHIJKL");
  put(folder / (start + "-labels-idx1-ubyte"), idx_header({2}) + std::string("\1\0", 2));
}

}  // namespace

TEST(Idx, ReadsPlainAndGzipped) {
  TemporaryFolder folder;
  const std::string bytes = idx_header({2, 2, 3}) + "abcdefGHIJKL";
  put(folder / "plain", bytes);
  put(folder / "packed.gz", gzipped(bytes));
  for (const char* name : {"plain", "packed.gz"}) {
    const Idx idx = read_idx((folder / name).string(), 3);
    EXPECT_EQ(idx.shape, (std::vector<int64_t>{2, 2, 3}));
    EXPECT_EQ(std::string(idx.values.begin(), idx.values.end()), "abcdefGHIJKL");
  }
}

TEST(Idx, BadFilesAreNamed) {
  TemporaryFolder folder;
  const std::string good = idx_header({2, 2, 3}) + "abcdefGHIJKL";
  std::string noise;  // does not compress, so that cutting the file cuts data
  Random random(1);
  for (int i = 0; i < 3000; ++i) noise += static_cast<char>(random.bits());
  const std::string packed = gzipped(idx_header({10, 10, 30}) + noise);
  std::string wrong_sum = packed;
  wrong_sum[packed.size() - 6] ^= 1;
  const struct {
    std::string bytes;
    std::vector<std::string> mentions;
  } cases[] = {
      {"", {"the file is empty"}},
      {"not IDX at all......", {"not an IDX file", "0x6e6f7420", "0x00000803"}},
      {idx_header({12}) + std::string(12, 'a'), {"0x00000801", "0x00000803"}},
      {good.substr(0, 3), {"not an IDX file"}},
      {good.substr(0, 10), {"header ends after 10 of 16"}},
      {good.substr(0, 20), {"2x2x3 = 12", "4 (truncated?)"}},
      {good + "x", {"2x2x3 = 12", "13 (trailing bytes)"}},
      {idx_header({0, 2, 3}), {"dimension 0 is 0"}},
      {idx_header({0xffffffff, 0xffffffff, 0xffffffff}), {"4294967295x4294967295x4294967295"}},
      {gzipped(idx_header({0xffffffff, 0xffffffff, 0xffffffff})), {"4294967295x", "compressed"}},
      {gzipped(idx_header({30, 30, 30}) + "few"), {"30x30x30 = 27000", "there are 3"}},
      {gzipped(good + "x"), {"more than the 12 bytes"}},
      {packed.substr(0, packed.size() / 2), {"truncated"}},
      {packed.substr(0, packed.size() - 3), {"truncated"}},
      {wrong_sum, {"damaged gzip"}},
  };
  for (const auto& each : cases) {
    put(folder / "file", each.bytes);
    const std::string text = error_of([&] { read_idx((folder / "file").string(), 3); });
    expect_mentions(text, {(folder / "file").string()});
    expect_mentions(text, each.mentions);
  }
  expect_mentions(error_of([&] { read_idx((folder / "none").string(), 3); }), {"none", "No such file"});
}

TEST(Mnist, GivesPicturesAndLabelsOfTheSplit) {
  TemporaryFolder folder;
  put_idx(folder, "train");
  put(folder / "t10k-0-0-images-idx3-ubyte.gz", gzipped(idx_header({1, 2, 3}) + "uvwxyz"));
  put(folder / "t10k-0-0-labels-idx1-ubyte.gz", gzipped(idx_header({1}) + "\4"));
  const auto train = open_dataset("mnist:" + folder.path().string());
  EXPECT_EQ(train->size(), 2);
  EXPECT_EQ(train->classes(), 2);
  EXPECT_EQ(image_of(*train, 1), "GHIJKL");
  EXPECT_EQ(label_of(*train, 0), 1);
  const auto test = open_dataset("mnist:" + folder.path().string(), {.split = Split::test});
  EXPECT_EQ(image_of(*test, 0), "uvwxyz");
  EXPECT_EQ(test->classes(), 5);
  expect_mentions(test->describe(), {"t10k", "1 pictures of 2x3x1"});
}

TEST(Mnist, PadsALittleAndScalesALot) {
  TemporaryFolder folder;
  put(folder / "train-images-idx3-ubyte", idx_header({1, 8, 8}) + std::string(64, '\xff'));
  put(folder / "train-labels-idx1-ubyte", idx_header({1}) + std::string(1, 0));
  const auto padded = open_dataset("mnist:" + folder.path().string(), {.size = 10});
  expect_mentions(padded->describe(), {"padded with -1 to 10x10x1"});
  const std::string image = image_of(*padded, 0);
  EXPECT_EQ(std::count(image.begin(), image.end(), '\0'), 36);
  EXPECT_EQ(image[0], '\0');
  EXPECT_EQ(image[11], '\xff');
  const auto scaled = open_dataset("mnist:" + folder.path().string(), {.size = 16, .channels = 3});
  expect_mentions(scaled->describe(), {"scaled to 16x16x3"});
  EXPECT_EQ(image_of(*scaled, 0), std::string(16 * 16 * 3, '\xff'));
}

TEST(Mnist, BadFoldersAreNamed) {
  TemporaryFolder folder;
  const std::string spec = "mnist:" + folder.path().string();
  expect_mentions(open_error(spec), {folder.path().string(), "train-*images-idx3-ubyte*"});
  put_idx(folder, "train");
  put(folder / "train-labels-idx1-ubyte", idx_header({3}) + "\1\1\1");
  expect_mentions(open_error(spec), {"train-labels-idx1-ubyte", "3 labels", "2 pictures"});
  std::filesystem::remove(folder / "train-labels-idx1-ubyte");
  expect_mentions(open_error(spec), {"train-images-idx3-ubyte", "no train-*labels-idx1-ubyte*"});
  put(folder / "train-2-images-idx3-ubyte", "");
  expect_mentions(open_error(spec), {"more than one file"});
  expect_mentions(open_error("mnist:/nowhere/at/all"), {"/nowhere/at/all", "no such folder"});
}

TEST(FashionMnist, ComesFromTheFolderInTheEnvironment) {
  TemporaryFolder folder;
  put_idx(folder, "train");
  setenv("GANYMEDE_FASHION_MNIST", folder.path().c_str(), 1);
  const auto data = open_dataset("fashion-mnist");
  EXPECT_EQ(data->size(), 2);
  EXPECT_EQ(data->class_names()[9], "ankle boot");
  setenv("GANYMEDE_FASHION_MNIST", (folder / "none").c_str(), 1);
  expect_mentions(open_error("fashion-mnist"), {"none", "dataset-fashion-mnist", "GANYMEDE_FASHION_MNIST"});
  unsetenv("GANYMEDE_FASHION_MNIST");
}

TEST(Cifar10, InterleavesThePlanes) {
  TemporaryFolder folder;
  const std::string spec = "cifar10:" + folder.path().string();
  expect_mentions(open_error(spec), {"data_batch_*.bin"});
  const std::string record = "\3" + std::string(1024, 'r') + std::string(1024, 'g') + std::string(1024, 'b');
  put(folder / "data_batch_2.bin", record);
  put(folder / "data_batch_1.bin", record + "\1" + record.substr(1));
  const auto data = open_dataset(spec);
  EXPECT_EQ(data->size(), 3);
  EXPECT_EQ(label_of(*data, 1), 1);
  EXPECT_EQ(image_of(*data, 2).substr(0, 6), "rgbrgb");
  put(folder / "data_batch_2.bin", record + "x");
  expect_mentions(open_error(spec), {"data_batch_2.bin", "3074", "3073"});
  put(folder / "data_batch_2.bin", "\x0a" + record.substr(1));
  expect_mentions(open_error(spec), {"data_batch_2.bin", "label 10"});
}

TEST(Folder, SubFoldersAreClasses) {
  TemporaryFolder folder;
  for (const char* name : {"cat", "dog", "notes"}) std::filesystem::create_directory(folder / name);
  put(folder / "notes" / "a.txt", "");
  write_png((folder / "dog" / "2.png").string(), sample_picture(6, 6, 3, 2));
  write_png((folder / "cat" / "1.PNG").string(), sample_picture(6, 6, 3, 1));
  const auto data = open_dataset("folder:" + folder.path().string());
  EXPECT_EQ(data->class_names(), (std::vector<std::string>{"cat", "dog"}));
  EXPECT_EQ(label_of(*data, 1), 1);
  const auto pixels = sample_picture(6, 6, 3, 2).pixels;
  EXPECT_EQ(image_of(*data, 1), std::string(pixels.begin(), pixels.end()));
  put(folder / "top.png", get(folder / "dog" / "2.png"));
  expect_mentions(open_error("folder:" + folder.path().string()), {"both", "top.png", "1.PNG"});
}

TEST(Folder, MakesPicturesFit) {
  TemporaryFolder folder;
  write_png((folder / "a.png").string(), sample_picture(6, 9, 1));
  const std::string spec = "folder:" + folder.path().string();
  EXPECT_EQ(open_dataset(spec)->fields()[0].shape, (std::vector<int64_t>{6, 9, 1}));  // all grey: one channel
  write_png((folder / "b.png").string(), sample_picture(20, 20, 3));
  expect_mentions(open_error(spec), {"a.png is 9x6", "b.png is 20x20", "--size"});
  const auto data = open_dataset(spec, {.size = 8});
  EXPECT_EQ(data->fields()[0].shape, (std::vector<int64_t>{8, 8, 3}));
  EXPECT_EQ(data->field("label"), nullptr);
  EXPECT_EQ(sample_text(*data, 0), sample_text(*data, 0));  // from the file, then from memory
  const auto uncached = open_dataset(spec, {.size = 8, .cache_bytes = 0});
  EXPECT_EQ(sample_text(*data, 1), sample_text(*uncached, 1));
}

TEST(Folder, AugmentsByTheGivenRandomness) {
  TemporaryFolder folder;
  write_png((folder / "a.png").string(), sample_picture(12, 12, 3));
  const auto data =
      open_dataset("folder:" + folder.path().string(), {.size = 8, .flip = true, .load_size = 12});
  EXPECT_EQ(sample_text(*data, 0, 1), sample_text(*data, 0, 1));
  std::set<std::string> views;
  for (uint64_t key = 0; key < 200; ++key) views.insert(sample_text(*data, 0, key));
  EXPECT_GT(views.size(), 40u);  // of 5 * 5 * 2
  EXPECT_LE(views.size(), 50u);
}

TEST(Folder, BrokenFilesStopItBeforeItStarts) {
  TemporaryFolder folder;
  const std::string spec = "folder:" + folder.path().string();
  expect_mentions(open_error(spec), {"no pictures", "the folder is empty"});
  put(folder / "readme.txt", "");
  expect_mentions(open_error(spec), {"no pictures", "readme.txt"});
  write_png((folder / "a.png").string(), sample_picture(6, 6, 3));
  const std::string bytes = get(folder / "a.png");
  put(folder / "b.png", bytes.substr(0, bytes.size() - 5));
  expect_mentions(open_error(spec), {"b.png", "truncated"});
  put(folder / "c.jpg", "");
  expect_mentions(open_error(spec), {"b.png", "truncated", "1 more of 3"});
  expect_mentions(open_error("folder:" + (folder / "none").string()), {"none", "no such folder"});
  expect_mentions(open_error("folder:" + (folder / "a.png").string()), {"a.png", "is not a folder"});
}

TEST(OpenDataset, WrongSpecificationsAreUsageErrors) {
  expect_mentions(open_error("fashion"), {"unknown kind 'fashion'", "fashion-mnist", "shapes"});
  expect_mentions(open_error("fashion-mnist:x"), {"nothing may follow"});
  expect_mentions(open_error("folder:"), {"something is missing"});
  expect_mentions(open_error("fashion-mnist", {.size = -1}), {"size is -1"});
  expect_mentions(open_error("fashion-mnist", {.channels = 2}), {"channels is 2"});
  expect_mentions(open_error("fashion-mnist", {.size = 32, .load_size = 16}), {"load size is 16", "32"});
  EXPECT_THROW(open_dataset("nothing"), UsageError);
}

}  // namespace ganymede::data
