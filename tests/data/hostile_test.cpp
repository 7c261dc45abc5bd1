// What fuzzing and thought have found in files from anywhere: each is refused in one line.
#include <filesystem>
#include <fstream>
#include <sstream>

#include "engine/check.h"
#include "gan/data/celeba_lists.h"
#include "gan/data/cifar10.h"
#include "gan/data/cub_lists.h"
#include "gan/data/picture_file.h"
#include "gan/run/json.h"
#include "gan/run/run_folder.h"
#include "gan/run/stats.h"
#include "tests/data/data_test_util.h"
#include "tests/support/places.h"

namespace ganymede {
namespace {

using run::error_if_any;
using run::expect_mentions;
using run::TemporaryFolder;

std::string repeated(const std::string& text, int count) {
  std::string all;
  for (int i = 0; i < count; ++i) all += text;
  return all;
}

// A tree that is as deep as the stack is long cannot be printed.
TEST(Hostile, DeepJsonIsNotJson) {
  constexpr int kDeep = 300000;
  for (const std::string& text : {repeated("[", kDeep) + repeated("]", kDeep), repeated("{\"a\":", kDeep) + "1" + repeated("}", kDeep)}) {
    EXPECT_TRUE(run::parse_json(text).is_discarded());
    expect_mentions(error_if_any([&] { run::parse_stats("s.jsonl", "{\"iteration\":1,\"epoch\":" + text + "}\n{}\n"); }), {"s.jsonl:1", "damaged"});
    TemporaryFolder folder;
    run::put(folder / "run.json", "{\"model\": \"dcgan\", \"settings\": " + text + "}");
    expect_mentions(error_if_any([&] { run::RunFolder::open(folder.path()); }), {"run.json", "damaged"});
  }
  EXPECT_EQ(run::parse_json(repeated("[", run::kDeepestJson) + repeated("]", run::kDeepestJson)).size(), 1u);
  EXPECT_TRUE(run::parse_json("{\"a[[\\\"[\": 1}").is_object());
  // Brackets in strings are no depth.
  EXPECT_TRUE(run::parse_json("\"" + repeated("[", 1000) + "\"").is_string());
}

TEST(Hostile, SmallFilesOfLargePictures) {
  using data::big_endian;
  const auto refused = [](const std::string& bytes) {
    return error_if_any([&] { data::decode_picture("p", {bytes.begin(), bytes.end()}); });
  };
  // A JPEG of 40 bytes that claims 16000x16000: its decoder would ask for 768 MB first.
  const std::string jpeg = std::string("\xff\xd8\xff\xc0\x00\x11\x08\x3e\x80\x3e\x80\x03\x01\x22\x00\x02\x11\x01\x03\x11\x01", 21) + "\xff\xd9";
  expect_mentions(refused(jpeg), {"p: damaged JPEG", "23 bytes cannot hold a picture of 16000x16000"});
  std::string png = "\x89PNG\r\n\x1a\n";
  const auto chunk = [&](const std::string& type, const std::string& body) {
    const std::string data = type + body;
    png += big_endian(uint32_t(body.size())) + data +
           big_endian(uint32_t(crc32(0, reinterpret_cast<const Bytef*>(data.data()), uInt(data.size()))));
  };
  chunk("IHDR", big_endian(16000) + big_endian(16000) + std::string("\x08\x02\0\0\0", 5));
  chunk("IDAT", "x");
  chunk("IEND", "");
  expect_mentions(refused(png), {"p: damaged PNG", "cannot hold a picture of 16000x16000"});
  // 65535 bits a pixel: the length of a line overflowed.
  std::string bmp = "BM" + std::string(52, '\0');
  bmp[10] = 54, bmp[14] = 40, bmp[20] = char(0xff), bmp[21] = 0x0f, bmp[24] = char(0xff), bmp[25] = 0x0f, bmp[28] = bmp[29] = char(0xff);
  expect_mentions(refused(bmp), {"p: damaged BMP (65535 bits a pixel)"});
}

// Sound and damaged JPEGs: stb_image 2.27 reads outside of its tables for some and shifts too far for others (cmake/stb.cmake). Under
// sanitizers that ends the program; without them it may go unseen.
TEST(Hostile, JpegsThatFuzzingFound) {
  int files = 0, refused = 0;
  for (const auto& entry : std::filesystem::directory_iterator(test::source_dir() + "/tests/fuzz/corpus/jpeg")) {
    std::ifstream in(entry.path(), std::ios::binary);
    const std::vector<uint8_t> bytes{std::istreambuf_iterator<char>(in), {}};
    refused += !error_if_any([&] { data::decode_picture("p", bytes); }).empty();
    ++files;
  }
  EXPECT_GE(files, 10);
  EXPECT_GE(refused, 1);
  const auto error_of_file = [](const std::string& name) {
    std::ifstream in(test::source_dir() + "/tests/fuzz/corpus/jpeg/" + name, std::ios::binary);
    const std::vector<uint8_t> bytes{std::istreambuf_iterator<char>(in), {}};
    return error_if_any([&] { data::decode_picture("p", bytes); });
  };
  expect_mentions(error_of_file("two_frames"), {"p: damaged JPEG", "second frame header"});   // 64015 x 4112 pixels, then 16 x 16
  expect_mentions(error_of_file("large_differences"), {"p: ", "bad delta"});
}

// One whose first IDAT is empty among them.
TEST(Hostile, PngsThatFuzzingFound) {
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(test::source_dir() + "/tests/fuzz/corpus/png")) {
    std::ifstream in(entry.path(), std::ios::binary);
    const std::vector<uint8_t> bytes{std::istreambuf_iterator<char>(in), {}};
    error_if_any([&] { data::decode_picture("p", bytes); });
    ++files;
  }
  EXPECT_GE(files, 9);
}

TEST(Hostile, WhatADecoderQuotesIsOneLine) {
  using data::big_endian;
  std::string png = "\x89PNG\r\n\x1a\n";
  const auto chunk = [&](const std::string& type, const std::string& body) {
    const std::string data = type + body;
    png += big_endian(uint32_t(body.size())) + data +
           big_endian(uint32_t(crc32(0, reinterpret_cast<const Bytef*>(data.data()), uInt(data.size()))));
  };
  chunk("IHDR", big_endian(1) + big_endian(1) + std::string("\x08\0\0\0\0", 5));
  chunk("IG\n\x01", "");
  chunk("IEND", "");
  expect_mentions(error_if_any([&] { data::decode_picture("p", {png.begin(), png.end()}); }), {"p: cannot decode the picture (IG?? PNG chunk not known)"});
}

// Every reader quotes names that a file holds, so the exception itself sees to it.
TEST(Hostile, NamesWithControlCharactersStayOnOneLine) {
  expect_mentions(error_if_any([&] { run::parse_stats("s.jsonl", "{\"iteration\":1,\"epoch\":0,\"a\\nb\\u001bc\":{\"d\":1}}\n{}\n"); }), {"s.jsonl:1", "\"a\\nb\\x1bc\" is"});
  EXPECT_STREQ(UsageError("a\tb\x7f\xc3\xa4").what(), "a\\tb\\x7f\xc3\xa4");
}

TEST(Hostile, ListsThatLeadElsewhere) {
  const auto attributes = [](const std::string& text) {
    std::istringstream in(text);
    return error_if_any([&] { data::read_attributes(in, "list"); });
  };
  EXPECT_EQ(attributes("1\nA B\nx.png 1 -1\n"), "");
  expect_mentions(attributes("1\nA\n../x.png 1\n"), {"list: line 3", "\"../x.png\" is not the name of a picture"});
  expect_mentions(attributes("1\nA\n/etc/passwd 1\n"), {"list: line 3", "is not the name"});
  expect_mentions(attributes("1\nA B\nx.png 1 2\n"), {"list: line 3", "\"2\" is neither 1 nor -1"});
  expect_mentions(attributes("1\nA B\nx.png 1 -1x\n"), {"list: line 3", "\"-1x\""});
  expect_mentions(attributes("1\nA B\nx.png 1\n"), {"list: line 3 has 1 values, but there are 2 attributes"});
  const auto partition = [](const std::string& text) {
    std::istringstream in(text);
    return error_if_any([&] { data::read_partition(in, "parts"); });
  };
  EXPECT_EQ(partition(""), "");
  EXPECT_EQ(partition("a.png 0\n\nb.png 2\r\n"), "");
  expect_mentions(partition("a.png 0\nb.png 3\n"), {"parts: line 2", "b.png 3"});
  expect_mentions(partition("a.png\n"), {"parts: line 1"});
  expect_mentions(partition("../a.png 1\n"), {"parts: line 1", "is not the name"});

  std::map<std::string, std::string> lists{{"d/images.txt", "1 a/x.png\n"}, {"d/classes.txt", "1 a\n"}, {"d/image_class_labels.txt", "1 1\n"},
                                           {"d/train_test_split.txt", "1 1\n"}, {"d/bounding_boxes.txt", "1 1 2 3 4\n"},
                                           {"d/parts/part_locs.txt", "1 1 5 6 1\n"}};
  const auto cub = [&](const std::string& name, const std::string& text) {
    auto changed = lists;
    changed["d/" + name] = text;
    return error_if_any([&] { data::read_cub_lists("d", [&](const std::string& p) { return std::make_unique<std::istringstream>(changed.at(p)); }); });
  };
  EXPECT_EQ(cub("images.txt", "1 a/x.png\n"), "");
  expect_mentions(cub("images.txt", "1 ../../x.png\n"), {"d/images.txt: line 1"});
  expect_mentions(cub("images.txt", "1 /x.png\n"), {"d/images.txt: line 1"});
  // Rounding such boxes to pixels overflowed.
  expect_mentions(cub("bounding_boxes.txt", "1 1e300 0 1 1\n"), {"d/bounding_boxes.txt: line 1"});
  expect_mentions(cub("bounding_boxes.txt", "1 0 0 1e30 1\n"), {"d/bounding_boxes.txt: line 1"});
  expect_mentions(cub("parts/part_locs.txt", "1 1 -1e30 1 1\n"), {"d/parts/part_locs.txt: line 1"});
  expect_mentions(cub("parts/part_locs.txt", "2 1 1 1 1\n"), {"picture 2 is not in images.txt"});
  expect_mentions(cub("classes.txt", "1\n"), {"d/classes.txt: line 1"});
}

TEST(Hostile, CifarOfOtherLengths) {
  const auto refused = [](size_t bytes, uint8_t label) {
    std::vector<uint8_t> data(bytes, label);
    data::PixelSet::Content content{"", 32, 32, 3, {}, {}, {}};
    return error_if_any([&] { data::append_cifar10("b", data, content); });
  };
  EXPECT_EQ(refused(3073, 9), "");
  expect_mentions(refused(3072, 0), {"b: 3072 bytes"});
  expect_mentions(refused(0, 0), {"b: 0 bytes"});
  expect_mentions(refused(3073, 10), {"b: record 0 has label 10"});
}

}  // namespace
}  // namespace ganymede
