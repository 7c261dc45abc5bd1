#include <cmath>
#include <limits>

#include "gan/data/font.h"
#include "gan/data/grid.h"
#include "gan/data/picture.h"
#include "gan/data/png.h"
#include "gan/data/resize.h"
#include "tests/data/data_test_util.h"

namespace ganymede::data {

TEST(Picture, BytesAndFloatsGoThereAndBack) {
  EXPECT_EQ(to_float(uint8_t{0}), -1.0f);
  EXPECT_EQ(to_float(uint8_t{255}), 1.0f);
  for (int i = 0; i < 256; ++i) EXPECT_EQ(to_byte(to_float(static_cast<uint8_t>(i))), i);
  EXPECT_EQ(to_byte(7), 255);
  EXPECT_EQ(to_byte(-7), 0);
  EXPECT_EQ(to_byte(std::numeric_limits<float>::quiet_NaN()), 0);
}

TEST(Picture, ChannelsAreConverted) {
  Picture pixel(1, 1, 4);
  pixel.pixels = {255, 0, 0, 255};
  EXPECT_EQ(with_channels(pixel, 1).pixels, std::vector<uint8_t>{76});  // 0.299 * 255
  pixel.pixels = {10, 20, 30, 0};                                       // wholly transparent: white shows
  EXPECT_EQ(with_channels(pixel, 3).pixels, (std::vector<uint8_t>{255, 255, 255}));
  Picture grey(1, 1, 2);
  grey.pixels = {100, 255};
  EXPECT_EQ(with_channels(grey, 3).pixels, (std::vector<uint8_t>{100, 100, 100}));
  expect_mentions(error_of([&] { with_channels(grey, 2); }), {"1 or 3", "2"});
}

TEST(Picture, MirrorCutAndPad) {
  Picture row(1, 3, 1);
  row.pixels = {1, 2, 3};
  EXPECT_EQ(mirrored(row).pixels, (std::vector<uint8_t>{3, 2, 1}));
  EXPECT_EQ(cropped(row, 0, 1, 1, 2).pixels, (std::vector<uint8_t>{2, 3}));
  EXPECT_EQ(padded(row, 1, 6, 9).pixels, (std::vector<uint8_t>{9, 1, 2, 3, 9, 9}));
  expect_mentions(error_of([&] { cropped(row, 0, 2, 1, 2); }), {"1x2", "(0, 2)", "1x3"});
  expect_mentions(error_of([&] { padded(row, 1, 2, 0); }), {"1x3", "1x2"});
}

TEST(Resize, KeepsConstantsAndRamps) {
  for (Filter filter : {Filter::box, Filter::triangle, Filter::cubic, Filter::lanczos}) {
    for (Border border : {Border::renormalise, Border::mirror}) {
      const Picture flat(9, 7, 3, 77);
      EXPECT_EQ(resized(flat, 5, 13, filter, border).pixels, Picture(5, 13, 3, 77).pixels);
    }
  }
  std::vector<float> ramp(40);
  for (size_t i = 0; i < ramp.size(); ++i) ramp[i] = static_cast<float>(i);
  const std::vector<float> half = resized(ramp.data(), 1, 40, 1, 1, 20, Filter::cubic);
  for (size_t i = 3; i < 17; ++i) EXPECT_NEAR(half[i], 2.0 * static_cast<double>(i) + 0.5, 1e-4);
}

TEST(Resize, MatchesWeightsByHand) {
  const float step[] = {0, 0, 1, 1};
  // Doubling: output centres lie a quarter pixel beside input centres.
  const std::vector<float> line = resized(step, 1, 4, 1, 1, 8, Filter::triangle);
  EXPECT_NEAR(line[3], 0.25, 1e-6);
  EXPECT_NEAR(line[4], 0.75, 1e-6);
  const std::vector<float> area = resized(step, 1, 4, 1, 1, 2, Filter::box);
  EXPECT_NEAR(area[0], 0, 1e-6);
  EXPECT_NEAR(area[1], 1, 1e-6);
  // Keys, a = -1/2, at distances 1.25 0.25 0.75 1.75: -0.0703125 0.8671875 0.2265625 -0.0234375.
  const float impulse[] = {0, 0, 0, 0, 1, 0, 0, 0, 0, 0};
  const std::vector<float> cubic = resized(impulse, 1, 10, 1, 1, 20, Filter::cubic);
  EXPECT_NEAR(cubic[8], 0.8671875, 1e-6);
  EXPECT_NEAR(cubic[7], 0.2265625, 1e-6);
  EXPECT_NEAR(cubic[6], -0.0703125, 1e-6);
  EXPECT_NEAR(cubic[5], -0.0234375, 1e-6);
  // At the border the weights inside are scaled to sum to 1, or the picture goes on as its mirror image.
  const float edge[] = {1, 0, 0, 0, 0, 0};
  EXPECT_NEAR(resized(edge, 1, 6, 1, 1, 12, Filter::cubic)[0], 0.8671875 / (0.8671875 - 0.0703125), 1e-6);
  EXPECT_NEAR(resized(edge, 1, 6, 1, 1, 12, Filter::cubic, Border::mirror)[0], 0.8671875 + 0.2265625, 1e-6);
}

TEST(Resize, CoveringKeepsProportions) {
  Picture wide(2, 6, 1);
  for (int64_t x = 0; x < 6; ++x) *wide.at(0, x) = *wide.at(1, x) = static_cast<uint8_t>(x * 50);
  const Picture square = covering(wide, 2, 2);
  EXPECT_EQ(square.pixels, (std::vector<uint8_t>{100, 150, 100, 150}));
}

TEST(Font, DrawsWhatItSays) {
  Picture sheet(9, 8, 3, 255);
  draw_text(sheet, "I", 1, 1, 0);
  int64_t ink = 0;
  for (int64_t y = 0; y < 9; ++y) {
    for (int64_t x = 0; x < 8; ++x) ink += sheet.at(y, x)[0] == 0;
  }
  EXPECT_EQ(ink, 3 + 5 + 3);
  EXPECT_EQ(sheet.at(4, 3)[2], 0);
  draw_text(sheet, "WWW\xff", -3, 5, 0, 4);  // over every border: nothing outside is touched
  EXPECT_EQ(text_width("ab", 2), 22);
  EXPECT_EQ(text_width(""), 0);
}

TEST(Grid, PlacesPicturesAndLabels) {
  const Picture plain = grid({Picture(2, 2, 1, 10), Picture(2, 2, 1, 20), Picture(2, 2, 1, 30)},
                             {.columns = 2, .padding = 1, .background = 200});
  EXPECT_EQ(plain.height, 7);
  EXPECT_EQ(plain.width, 7);
  EXPECT_EQ(*plain.at(1, 1), 10);
  EXPECT_EQ(*plain.at(1, 4), 20);
  EXPECT_EQ(*plain.at(4, 1), 30);
  EXPECT_EQ(*plain.at(4, 4), 200);
  EXPECT_EQ(*plain.at(0, 0), 200);

  GridStyle style{.columns = 1, .padding = 1, .zoom = 10};
  style.captions = {"a", "b"};
  style.row_labels = {"1", "2"};
  style.column_labels = {"x"};
  const Picture labelled = grid({Picture(2, 2, 1, 10), Picture(2, 2, 3, 20)}, style);
  EXPECT_EQ(labelled.channels, 3);
  EXPECT_GT(labelled.height, 2 * 20 + 3 * kGlyphHeight);
  EXPECT_GT(labelled.width, 20 + 5);
  style.captions = {"one"};
  expect_mentions(error_of([&] { grid({Picture(1, 1, 1), Picture(1, 1, 1)}, style); }), {"1 captions", "2"});
  expect_mentions(error_of([] { grid({}); }), {"no picture"});
}

TEST(Png, WritesWhatIsReadAgainAndReplacesWhole) {
  TemporaryFolder folder;
  const std::string path = (folder / "a.png").string();
  write_png(path, Picture(3, 3, 1));
  write_png(path, sample_picture(5, 4, 3));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()),
                          std::filesystem::directory_iterator()),
            1);
  EXPECT_EQ(encode_png(sample_picture(9, 9, 4)), encode_png(sample_picture(9, 9, 4)));
  expect_mentions(error_of([&] { write_png((folder / "no" / "a.png").string(), Picture(1, 1, 1)); }),
                  {(folder / "no" / "a.png").string(), "No such file"});
  expect_mentions(error_of([&] { write_png(path, Picture()); }), {"0x0"});
}

}  // namespace ganymede::data
