#include <set>

#include "gan/data/png.h"
#include "tests/data/data_test_util.h"

namespace ganymede::data {
namespace {

namespace fs = std::filesystem;

}  // namespace

TEST(Celeba, GivesPicturesAndAttributesOfTheSplit) {
  TemporaryFolder folder;
  const std::string spec = "celeba:" + folder.path().string();
  expect_mentions(open_error(spec), {"list_attr_celeba.txt", "cannot open"});
  for (int i = 0; i < 3; ++i) {
    write(folder / "img_align_celeba" / (std::to_string(i) + ".png"), sample_picture(12, 10, 3, i));
  }
  put(folder / "list_attr_celeba.txt", "3\nBald Smiling \n0.png -1  1\r\n1.png  1 -1\n2.png 1 1\n");
  EXPECT_EQ(open_dataset(spec)->size(), 3);  // no partition: all are for training
  expect_mentions(open_error(spec, {.split = Split::test}), {"list_eval_partition.txt", "no test split"});
  put(folder / "list_eval_partition.txt", "0.png 0\n1.png 2\n2.png 1\n");
  const auto train = open_dataset(spec, {.size = 8});
  EXPECT_EQ(train->size(), 2);
  EXPECT_EQ(train->attribute_names(), (std::vector<std::string>{"Bald", "Smiling"}));
  const HostBatch batch = sample_of(*train, 0);
  EXPECT_EQ(batch.real("attributes")[0], 0);
  EXPECT_EQ(batch.real("attributes")[1], 1);
  EXPECT_EQ(batch.real("image").size(), 8u * 8 * 3);
  const auto test = open_dataset(spec, {.split = Split::test});
  EXPECT_EQ(sample_of(*test, 0).real("attributes")[0], 1);

  put(folder / "list_attr_celeba.txt", "3\nBald Smiling\n0.png -1 1\n1.png 1\n");
  expect_mentions(open_error(spec), {"line 4", "1 values", "2 attributes"});
  put(folder / "list_attr_celeba.txt", "1\nBald\n9.png -1\n");
  expect_mentions(open_error(spec), {"9.png", "No such file"});
}

TEST(Clips, GivesStretchesOfFrames) {
  TemporaryFolder folder;
  for (int frame = 0; frame < 5; ++frame) {
    write(folder / "one" / (std::to_string(frame) + ".png"), Picture(6, 6, 1, static_cast<uint8_t>(frame)));
    write(folder / "two" / (std::to_string(frame) + ".png"),
          Picture(6, 6, 1, static_cast<uint8_t>(100 + frame)));
  }
  const std::string spec = "clips:" + folder.path().string();
  const auto data = open_dataset(spec + ",frames=3");
  EXPECT_EQ(data->size(), 2);
  EXPECT_EQ(data->fields()[0].shape, (std::vector<int64_t>{3, 6, 6, 1}));
  std::set<int> starts;
  for (uint64_t key = 0; key < 40; ++key) {
    const HostBatch batch = sample_of(*data, 1, key);
    const int start = to_byte(batch.real("clip")[0]);
    starts.insert(start);
    for (size_t frame = 0; frame < 3; ++frame) {
      EXPECT_EQ(to_byte(batch.real("clip")[frame * 36 + 7]), start + static_cast<int>(frame));
    }
  }
  EXPECT_EQ(starts, (std::set<int>{100, 101, 102}));
  EXPECT_EQ(
      to_byte(sample_of(*open_dataset(spec + ",frames=3", {.split = Split::test}), 0, 5).real("clip")[0]), 0);
  expect_mentions(open_error(spec), {"one", "5 frames", "clips of 8", "frames=N"});
  expect_mentions(open_error(spec + ",frames=0"), {"frames is '0'"});
  expect_mentions(open_error("clips:" + (folder / "one").string()), {"no sub-folders with frames"});
}

TEST(Cub, MovesBoxesAndPartsAlong) {
  TemporaryFolder folder;
  const std::string spec = "cub:" + folder.path().string();
  Picture picture(40, 60, 3, 200);  // a black bird of 10x10 at (20, 10) with a white eye at (27, 13)
  for (int64_t y = 10; y < 20; ++y) std::fill_n(picture.at(y, 20), 30, uint8_t{0});
  std::fill_n(picture.at(13, 27), 3, uint8_t{255});
  write(folder / "images" / "1.Crow" / "a.png", picture);
  write(folder / "images" / "2.Wren" / "b.png", sample_picture(30, 30, 3));
  put(folder / "images.txt", "1 1.Crow/a.png\n2 2.Wren/b.png\n");
  put(folder / "classes.txt", "1 1.Crow\n2 2.Wren\n");
  put(folder / "image_class_labels.txt", "1 1\n2 2\n");
  put(folder / "train_test_split.txt", "1 1\n2 0\n");
  put(folder / "bounding_boxes.txt", "1 20.0 10.0 10.0 10.0\n2 5.0 5.0 9.0 9.0\n");
  std::filesystem::create_directory(folder / "parts");
  put(folder / "parts" / "part_locs.txt", "1 1 27.5 13.5 1\n1 2 0.0 0.0 0\n2 1 6 6 1\n2 2 7 7 1\n");
  for (const Options& options : {Options{.size = 30}, Options{.size = 30, .flip = true, .load_size = 45}}) {
    const auto data = open_dataset(spec, options);
    EXPECT_EQ(data->size(), 1);
    EXPECT_EQ(data->field("caption"), nullptr);
    for (uint64_t key = 0; key < 20; ++key) {
      const HostBatch batch = sample_of(*data, 0, key);
      const auto image = batch.real("image"), box = batch.real("boxes"), points = batch.real("keypoints");
      double dark = 0, inside = 0;  // the dark pixels are those of the box
      int64_t brightest = 0;
      float most = -2;
      for (int64_t i = 0; i < 900; ++i) {
        const float x = static_cast<float>(i % 30) + 0.5f, y = static_cast<float>(i / 30) + 0.5f;
        const bool in_box = x > box[1] && x < box[3] && y > box[2] && y < box[4];
        const float value = image[static_cast<size_t>(3 * i)];
        if (value < 0) ++dark, inside += in_box;
        if (in_box && value > most) most = value, brightest = i;
      }
      EXPECT_GT(inside / dark, 0.95);
      EXPECT_GT(dark / ((box[3] - box[1]) * (box[4] - box[2])), 0.85);
      if (points[2] == 1) {
        EXPECT_NEAR(points[0], static_cast<double>(brightest % 30) + 0.5, 1.5);
        EXPECT_NEAR(points[1], static_cast<double>(brightest / 30) + 0.5, 1.5);
      }
      EXPECT_EQ(points[5], 0);
    }
  }
  std::filesystem::create_directories(folder / "text" / "1.Crow");
  std::filesystem::create_directories(folder / "text" / "2.Wren");
  put(folder / "text" / "1.Crow" / "a.txt", "A black bird.\nThe bird's eye is white\n");
  expect_mentions(open_error(spec), {"b.txt", "no captions"});
  put(folder / "text" / "2.Wren" / "b.txt", "a wren\n");
  const auto captioned = open_dataset(spec + ",crop=whole", {.size = 20});
  EXPECT_EQ(captioned->vocabulary(), (std::vector<std::string>{"", "a", "bird", "bird's", "black", "eye",
                                                               "is", "the", "white", "wren"}));
  std::set<std::string> captions;
  for (uint64_t key = 0; key < 20; ++key) {
    const HostBatch batch = sample_of(*captioned, 0, key);
    captions.insert(batch.text("caption")[0]);
    EXPECT_EQ(batch.integer("length")[0], batch.text("caption")[0][0] == 'A' ? 3 : 5);
    EXPECT_EQ(batch.integer("tokens")[0], batch.text("caption")[0][0] == 'A' ? 1 : 7);
    EXPECT_EQ(batch.integer("characters")[0], batch.text("caption")[0][0] == 'A' ? 0 : 19);
  }
  EXPECT_EQ(captions.size(), 2u);

  put(folder / "bounding_boxes.txt", "1 20.0 10.0 oops 10.0\n");
  expect_mentions(open_error(spec), {"bounding_boxes.txt", "line 1", "oops"});
  put(folder / "bounding_boxes.txt", "7 20.0 10.0 10.0 10.0\n");
  expect_mentions(open_error(spec), {"bounding_boxes.txt", "picture 7", "images.txt"});
}

}  // namespace ganymede::data
