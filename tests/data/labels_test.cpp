// Label maps: what colours mean, and pairs of them and pictures.
#include <sstream>

#include "engine/check.h"
#include "gan/data/png.h"
#include "tests/data/data_test_util.h"

namespace ganymede::data {
namespace {

namespace fs = std::filesystem;
using Meanings = std::vector<int64_t>;

void write(const fs::path& path, const std::string& words) { std::ofstream(path) << words; }

Picture row_of(const std::vector<Rgb>& colours) {
  Picture p(1, static_cast<int64_t>(colours.size()), 3);
  for (size_t i = 0; i < colours.size(); ++i) std::copy_n(colours[i].begin(), 3, p.pixels.begin() + static_cast<std::ptrdiff_t>(3 * i));
  return p;
}
Picture grey_row(const std::vector<uint8_t>& values) {
  Picture p(1, static_cast<int64_t>(values.size()), 1);
  p.pixels = values;
  return p;
}

Palette parsed(const std::string& words) {
  std::istringstream in(words);
  return parse_palette("classes.txt", in);
}
std::string refused(const std::string& words) {
  return error_of([&] { parsed(words); });
}

struct Read {
  Meanings semantic;
  Picture a;
};
Read read(const Dataset& set, int64_t index, uint64_t key = 0) {
  HostBatch batch(set.fields(), 1);
  Random random(key);
  set.read(index, random, batch, 0);
  const auto& shape = set.field("a")->shape;
  return {{batch.integer("semantic").begin(), batch.integer("semantic").end()}, to_picture(batch.real("a").data(), shape[0], shape[1], shape[2])};
}

}  // namespace

TEST(Palette, NumbersAreReadExactly) {
  const Palette p = parsed("# what there is\n0 sky\n\n7 a tall tree  # or a bush\n 12\troad\r\n");
  ASSERT_EQ(p.size(), 3);
  EXPECT_EQ(p[1].name, "a tall tree");
  EXPECT_EQ(p[2].name, "road");
  EXPECT_EQ(p.read(grey_row({12, 0, 7, 8, 255})), (Meanings{2, 0, 1, -1, -1}));
  // What people draw are the colours shown: none is grey but the black of 0, and a colour beside one counts as that one.
  Rgb near = p[1].shown;
  near[0] = near[0] > 100 ? near[0] - 9 : near[0] + 9;
  EXPECT_EQ(p.read(row_of({p[2].shown, p[0].shown, near})), (Meanings{2, 0, 1}));
  // 0 is black in files and when shown, wherever it stands.
  const Palette late = parsed("7 tree\n0 sky\n");
  EXPECT_EQ(late.read(row_of({late[0].shown, late[1].shown, {0, 0, 0}})), (Meanings{0, 1, 1}));
  EXPECT_EQ(p.drawn({2, -1}, 1, 2).pixels, row_of({p[2].shown, {255, 255, 255}}).pixels);
}

TEST(Palette, ColoursAreReadByTheNearest) {
  const Palette p = parsed("128 64 128 road\n70 70 70 building\n0 0 142 car 2\n");
  EXPECT_EQ(p[2].name, "car 2");
  EXPECT_EQ(p[0].shown, (Rgb{128, 64, 128}));
  EXPECT_EQ(p.read(row_of({{125, 70, 120}, {70, 70, 70}, {90, 90, 90}, {0, 10, 130}})), (Meanings{0, 1, 1, 2}));
}

TEST(Palette, ColoursShownAreApart) {
  std::string words;
  for (int i = 0; i < 256; ++i) words += std::to_string(i) + " m" + std::to_string(i) + "\n";
  const Palette p = parsed(words);   // it refuses two of a colour
  for (int64_t i = 1; i < p.size(); ++i) EXPECT_FALSE(p[i].shown[0] == p[i].shown[1] && p[i].shown[1] == p[i].shown[2]) << i;
}

TEST(Palette, RefusesInALine) {
  expect_mentions(refused("0 sky\ntree 7\n"), {"classes.txt, line 2", "begins with no number", "NUMBER NAME"});
  expect_mentions(refused("0\n"), {"line 1", "no name"});
  expect_mentions(refused("1 2 3\n"), {"line 1", "no name"});
  expect_mentions(refused("256 sky\n"), {"line 1", "0 to 255"});
  expect_mentions(refused("5 sky\n5 5 5 sea\n"), {"classes.txt", "\"sea\"", "colour of another"});
  expect_mentions(refused(""), {"classes.txt", "no meaning"});
  expect_mentions(error_of([] { palette_file("/nowhere/classes.txt"); }), {"/nowhere/classes.txt", "cannot be read"});
  EXPECT_EQ(rgb_of(hex({1, 160, 255})), (Rgb{1, 160, 255}));
  for (const char* wrong : {"", "#12345", "#12345g", "1234567"}) expect_mentions(error_of([&] { rgb_of(wrong); }), {"#rrggbb"});
}

TEST(Labels, FoldersOfMapsAndPictures) {
  TemporaryFolder folder;
  const std::string spec = "labels:" + folder.path().string();
  Picture map(4, 4, 1), other(4, 4, 1, 9);
  for (size_t i = 0; i < 16; ++i) map.pixels[i] = i < 8 ? 3 : 9;
  write(folder / "A" / "train" / "1.png", map);
  write(folder / "A" / "test" / "2.png", other);
  for (const char* name : {"train/1.png", "test/2.png"}) write(folder / "B" / name, sample_picture(4, 4, 3));
  const auto set = open_dataset(spec);
  ASSERT_EQ(set->palette().size(), 2);
  EXPECT_EQ(set->palette()[1].name, "9");
  expect_mentions(set->describe(), {"label maps of 2 meanings", "1 picture"});
  const Read r = read(*set, 0);
  EXPECT_EQ(r.semantic, (Meanings{0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1}));
  EXPECT_EQ(r.a.pixels, set->palette().drawn(r.semantic, 4, 4).pixels);
  // Those held out are numbered as those to train on.
  EXPECT_EQ(read(*open_dataset(spec, {.split = Split::test}), 0).semantic, Meanings(16, 1));
  // Grey pictures leave maps in colours.
  const auto grey = open_dataset(spec, {.channels = 1});
  EXPECT_EQ(grey->field("b")->shape, (std::vector<int64_t>{4, 4, 1}));
  EXPECT_EQ(read(*grey, 0).a.pixels, r.a.pixels);
  write(folder / "classes.txt", "9 grass\n3 sky\n1 sea\n");
  const auto named = open_dataset(spec);
  EXPECT_EQ(named->palette().size(), 3);
  EXPECT_EQ(read(*named, 0).semantic[0], 1);
}

// Colours never mix: scaled by the nearest pixel, cut and mirrored with the picture.
TEST(Labels, MapsAreScaledWithoutNewColours) {
  TemporaryFolder folder;
  Picture map(9, 9, 1);   // of numbers: what lies between two of them means nothing
  for (size_t i = 0; i < 81; ++i) map.pixels[i] = i % 9 < 4 ? 0 : 200;
  write(folder / "A" / "1.png", map), write(folder / "B" / "1.png", map);
  const auto set = open_dataset("labels:" + folder.path().string(), {.size = 6});
  const Read r = read(*set, 0);
  for (size_t y = 0; y < 6; ++y) EXPECT_EQ(Meanings(r.semantic.begin() + std::ptrdiff_t(6 * y), r.semantic.begin() + std::ptrdiff_t(6 * y + 6)), (Meanings{0, 0, 0, 1, 1, 1}));
  const auto turned = open_dataset("mirror+load=9+labels:" + folder.path().string(), {.size = 6});
  bool mirrored = false;
  for (uint64_t key = 0; key < 20; ++key) {
    HostBatch batch(turned->fields(), 1);
    Random random(key);
    turned->read(0, random, batch, 0);
    const auto semantic = batch.integer("semantic");
    const auto b = batch.real("b");
    for (size_t i = 0; i < 36; ++i) EXPECT_EQ(semantic[i], b[i] > 0 ? 1 : 0);   // the picture is its own map
    mirrored |= semantic[0] == 1 && semantic[5] == 0;
  }
  EXPECT_TRUE(mirrored);
}

TEST(Labels, SideBySideNeedsNames) {
  TemporaryFolder folder;
  Picture wide(4, 8, 3);
  for (size_t i = 0; i < wide.pixels.size(); ++i) wide.pixels[i] = i % 24 < 12 ? 250 : 30;
  write(folder / "1.png", wide);
  const std::string spec = "labels:" + folder.path().string();
  expect_mentions(error_of([&] { open_dataset(spec); }), {"side by side", "classes.txt"});
  write(folder / "classes.txt", "255 255 0 wall\n0 0 255 door\n");
  EXPECT_EQ(read(*open_dataset(spec), 0).semantic, Meanings(16, 0));
}

TEST(Labels, TooManyColoursAreRefused) {
  TemporaryFolder folder;
  Picture map(1, 300, 3);
  for (size_t i = 0; i < 300; ++i) map.pixels[3 * i] = static_cast<uint8_t>(i), map.pixels[3 * i + 1] = static_cast<uint8_t>(i / 256);
  write(folder / "A" / "1.png", map), write(folder / "B" / "1.png", map);
  expect_mentions(error_of([&] { open_dataset("labels:" + folder.path().string()); }), {"1.png", "more than 256 colours", "classes.txt"});
}

TEST(Labels, ShapesSayWhatTheirMapsMean) {
  const auto set = open_dataset("shapes:pairs,from=labels,with=semantic", {.size = 32});
  ASSERT_EQ(set->palette().size(), 10);
  EXPECT_EQ(set->palette()[0].name, "ground");
  EXPECT_EQ(set->palette()[9].name, "heart");
  for (int64_t i = 0; i < 20; ++i) {
    const Read r = read(*set, i);
    EXPECT_EQ(set->palette().read(r.a), r.semantic);
  }
  EXPECT_TRUE(open_dataset("shapes:pairs")->palette().empty());
}

}  // namespace ganymede::data
