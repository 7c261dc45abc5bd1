#include "gan/run/tensorboard.h"

#include <cmath>
#include <cstring>
#include <ctime>
#include <map>
#include <stdexcept>

#include "tests/data/run_test_util.h"

namespace ganymede::run {
namespace {

// Bit by bit, unlike the writer's table.
std::uint32_t slow_crc32c(const std::string& bytes) {
  std::uint32_t crc = 0xFFFFFFFF;
  for (const unsigned char byte : bytes)
    for (int bit = 0; bit < 8; ++bit)
      crc = (crc >> 1) ^ ((((byte >> bit) ^ crc) & 1) != 0 ? 0x82F63B78u : 0u);
  return ~crc;
}

std::uint32_t unmask(std::uint32_t masked) {
  const std::uint32_t rotated = masked - 0xA282EAD8u;
  return rotated >> 17 | rotated << 15;
}

template <class T>
T take(std::string& bytes) {
  T value;
  if (bytes.size() < sizeof value) throw std::runtime_error("too short");
  std::memcpy(&value, bytes.data(), sizeof value);
  bytes.erase(0, sizeof value);
  return value;
}

// The data of every record of a TFRecord file, its framing and checksums verified.
std::vector<std::string> records(std::string file) {
  std::vector<std::string> all;
  while (!file.empty()) {
    const std::string length_bytes = file.substr(0, 8);
    const auto length = take<std::uint64_t>(file);
    EXPECT_EQ(unmask(take<std::uint32_t>(file)), slow_crc32c(length_bytes));
    if (length > file.size()) throw std::runtime_error("a record is longer than its file");
    all.push_back(file.substr(0, length));
    file.erase(0, length);
    EXPECT_EQ(unmask(take<std::uint32_t>(file)), slow_crc32c(all.back()));
  }
  return all;
}

// A decoded protocol buffer: numbers as doubles, everything else as bytes, by field.
struct Message {
  std::multimap<int, double> numbers;
  std::multimap<int, std::string> texts;
  double number(int field) const {
    return numbers.count(field) == 1 ? numbers.find(field)->second : std::nan("");
  }
  std::string text(int field) const {
    return texts.count(field) == 1 ? texts.find(field)->second : "not one";
  }
};

std::uint64_t take_varint(std::string& bytes) {
  std::uint64_t value = 0;
  for (int shift = 0;; shift += 7) {
    const auto byte = take<std::uint8_t>(bytes);
    value |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
    if (byte < 0x80) return value;
  }
}

Message decode(std::string bytes) {
  Message message;
  while (!bytes.empty()) {
    const std::uint64_t key = take_varint(bytes);
    const int field = static_cast<int>(key >> 3);
    switch (key & 7) {
      case 0:
        message.numbers.emplace(field, static_cast<double>(take_varint(bytes)));
        break;
      case 1:
        message.numbers.emplace(field, take<double>(bytes));
        break;
      case 5:
        message.numbers.emplace(field, take<float>(bytes));
        break;
      case 2: {
        const std::uint64_t size = take_varint(bytes);
        if (size > bytes.size()) throw std::runtime_error("a field is longer than its message");
        message.texts.emplace(field, bytes.substr(0, size));
        bytes.erase(0, size);
        break;
      }
      default:
        throw std::runtime_error("unknown wire type");
    }
  }
  return message;
}

std::vector<Message> events(const EventWriter& writer) {
  std::vector<Message> all;
  for (const std::string& record : records(get(writer.path()))) all.push_back(decode(record));
  return all;
}

// Only the header is looked at.
std::string png(std::uint32_t width, std::uint32_t height, char colour_type) {
  std::string text("\x89PNG\r\n\x1a\n\0\0\0\rIHDR", 16);
  for (const std::uint32_t size : {width, height})
    for (int shift = 24; shift >= 0; shift -= 8) text += static_cast<char>(size >> shift);
  return text + '\x08' + colour_type + std::string(300, '\xAA');
}

}  // namespace

TEST(TensorBoard, Crc32cOfTheStandard) {
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8A9136AAu);  // RFC 3720, B.4
  EXPECT_EQ(crc32c(std::string(32, '\xFF')), 0x62A8AB43u);
  EXPECT_EQ(crc32c("123456789"), 0xE3069283u);
}

TEST(TensorBoard, WritesScalars) {
  TemporaryFolder folder;
  EventWriter writer(folder.path(), 0);
  writer.scalars(300, {{"D/adv", 0.69}, {"G/adv", -1e-9}, {"D/gp", std::nan("")}});
  const std::vector<Message> all = events(writer);
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].text(3), "brain.Event:2");
  EXPECT_NEAR(all[0].number(1), static_cast<double>(std::time(nullptr)), 60);
  EXPECT_EQ(all[1].number(2), 300);
  const Message summary = decode(all[1].text(5));
  ASSERT_EQ(summary.texts.count(1), 3u);
  std::map<std::string, double> read;
  for (auto [at, end] = summary.texts.equal_range(1); at != end; ++at) {
    const Message value = decode(at->second);
    read[value.text(1)] = value.number(2);
  }
  EXPECT_EQ(read.at("D/adv"), 0.69f);
  EXPECT_EQ(read.at("G/adv"), -1e-9f);
  EXPECT_TRUE(std::isnan(read.at("D/gp")));
}

TEST(TensorBoard, WritesPictures) {
  TemporaryFolder folder;
  EventWriter writer(folder.path(), 0);
  const std::vector<std::pair<char, int>> channels = {{0, 1}, {2, 3}, {6, 4}};
  for (const auto& [type, count] : channels) writer.picture(7, "samples", png(300, 200, type));
  const std::vector<Message> all = events(writer);
  ASSERT_EQ(all.size(), 4u);
  for (std::size_t i = 0; i < 3; ++i) {
    const Message value = decode(decode(all[i + 1].text(5)).text(1));
    EXPECT_EQ(value.text(1), "samples");
    const Message image = decode(value.text(4));
    EXPECT_EQ(image.number(1), 200);
    EXPECT_EQ(image.number(2), 300);
    EXPECT_EQ(image.number(3), channels[i].second);
    EXPECT_EQ(image.text(4), png(300, 200, channels[i].first));
  }
  expect_mentions(error_of([&] { writer.picture(8, "samples", "GIF89a"); }), {"not a PNG"});
  expect_mentions(error_of([&] { writer.picture(8, "samples", png(1, 1, 0).substr(0, 20)); }), {"not a PNG"});
  EXPECT_EQ(events(writer).size(), 4u);
}

TEST(TensorBoard, AResumeStartsANewFileAndDropsWhatCameLater) {
  TemporaryFolder folder;
  EventWriter first(folder.path(), 0);
  first.scalars(100, {{"D/adv", 1}});
  const std::string before = get(first.path());
  EventWriter second(folder.path(), 50);
  EXPECT_NE(first.path(), second.path());
  EXPECT_EQ(get(first.path()), before);
  expect_mentions(second.path().filename().string(), {"events.out.tfevents."});
  const std::vector<Message> all = events(second);
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[1].number(2), 51);
  EXPECT_EQ(decode(all[1].text(7)).number(1), 1);  // SessionLog START: events from step 51 on are void
}

TEST(TensorBoard, NamesAFolderThatCannotBeWritten) {
  TemporaryFolder folder;
  put(folder / "file", "");
  expect_mentions(error_of([&] { EventWriter writer(folder / "file", 0); }),
                  {"events.out.tfevents", "Not a directory"});
}

}  // namespace ganymede::run
