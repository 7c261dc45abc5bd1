#include "engine/safetensors.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>
#include <random>

#include "engine/check.h"
#include "engine/safetensors_header.h"

namespace ganymede {
namespace {

namespace fs = std::filesystem;
using kernels::DType;

class Safetensors : public testing::Test {
 protected:
  Safetensors() : folder_(fs::temp_directory_path() / ("safetensors_test." + std::to_string(getpid()))) {
    fs::create_directories(folder_);
  }
  ~Safetensors() override { fs::remove_all(folder_); }

  std::string path(const std::string& name = "x.safetensors") const { return folder_ / name; }

  std::string store(const std::string& bytes) const {
    std::ofstream(path(), std::ios::binary) << bytes;
    return path();
  }

  size_t files() const { return std::distance(fs::directory_iterator(folder_), fs::directory_iterator()); }

  fs::path folder_;
};

std::string bytes_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// A whole file from its header and data.
std::string assemble(const std::string& header, const std::string& data) {
  const uint64_t size = header.size();
  return std::string(reinterpret_cast<const char*>(&size), sizeof size) + header + data;
}

std::string error_of(const std::function<void()>& run) {
  try {
    run();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

template <class T>
RawTensor raw(DType dtype, std::vector<int64_t> shape, const std::vector<T>& values) {
  return {dtype, std::move(shape), reinterpret_cast<const std::byte*>(values.data()),
          values.size() * sizeof(T)};
}

template <class T>
std::vector<T> values_of(const RawTensor& tensor) {
  std::vector<T> values(tensor.bytes / sizeof(T));
  if (tensor.bytes != 0) std::memcpy(values.data(), tensor.data, tensor.bytes);
  return values;
}

const std::vector<uint8_t> kPixels{1, 2, 255};
const std::vector<float> kWeights{0.5f, -1.25f, 3e38f, -0.0f, 1e-40f, 7};
const std::vector<int64_t> kSteps{-1, int64_t{1} << 62};
const std::vector<double> kScalar{0.1};
const std::vector<uint16_t> kHalf{0x3f80, 0xc000};
const std::vector<int32_t> kNone;

std::vector<std::pair<std::string, RawTensor>> sample() {
  return {
      {"pixels", raw(DType::u8, {3}, kPixels)},      {"G.weight \"é\"", raw(DType::f32, {2, 1, 3}, kWeights)},
      {"steps", raw(DType::i64, {2}, kSteps)},       {"scalar", raw(DType::f64, {}, kScalar)},
      {"activations", raw(DType::bf16, {2}, kHalf)}, {"none", raw(DType::i32, {4, 0}, kNone)}};
}

TEST_F(Safetensors, ReadsWhatItWrote) {
  write_safetensors(path(), {{"model", "dcgan"}, {"line", "a\nb"}}, sample());
  const SafetensorsFile file = SafetensorsFile::read(path());
  EXPECT_EQ(file.metadata(), (std::map<std::string, std::string>{{"model", "dcgan"}, {"line", "a\nb"}}));
  ASSERT_EQ(file.names().size(), 6u);
  const auto tensors = sample();
  for (size_t i = 0; i < tensors.size(); ++i) {
    const auto& [name, expected] = tensors[i];
    EXPECT_EQ(file.names()[i], name);
    ASSERT_TRUE(file.contains(name));
    const RawTensor& got = file.at(name);
    EXPECT_EQ(got.dtype, expected.dtype);
    EXPECT_EQ(got.shape, expected.shape);
    ASSERT_EQ(got.bytes, expected.bytes);
    EXPECT_EQ(values_of<char>(got), values_of<char>(expected)) << name;
  }
}

TEST_F(Safetensors, CopyOutlivesTheOriginal) {
  write_safetensors(path(), {}, sample());
  auto file = std::make_unique<SafetensorsFile>(SafetensorsFile::read(path()));
  const SafetensorsFile copy = *file;
  file.reset();
  EXPECT_EQ(values_of<float>(copy.at("G.weight \"é\"")), kWeights);
}

TEST_F(Safetensors, BytesAreDeterministicAndAligned) {
  write_safetensors(path("a"), {{"b", "2"}, {"a", "1"}}, sample());
  write_safetensors(path("b"), {{"a", "1"}, {"b", "2"}}, sample());
  const std::string bytes = bytes_of(path("a"));
  EXPECT_EQ(bytes, bytes_of(path("b")));
  uint64_t header_bytes;
  std::memcpy(&header_bytes, bytes.data(), sizeof header_bytes);
  EXPECT_EQ(header_bytes % 8, 0u);
  const auto header =
      safetensors::parse_header(bytes.substr(8, header_bytes), bytes.size() - 8 - header_bytes);
  for (const auto& entry : header.entries) {
    EXPECT_EQ(entry.begin % safetensors::type_bytes(entry.type), 0u) << entry.name;
  }
}

// The smallest file of the format, byte by byte, so that reader and writer cannot share a misunderstanding.
TEST_F(Safetensors, WritesTheFormat) {
  const std::vector<float> one{1.0f};
  write_safetensors(path(), {{"k", "v"}}, {{"t", raw(DType::f32, {1}, one)}});
  const std::string header =
      "{\"__metadata__\":{\"k\":\"v\"},\"t\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}";
  EXPECT_EQ(bytes_of(path()),
            assemble(header + std::string((8 - header.size() % 8) % 8, ' '), std::string("\0\0\x80\x3f", 4)));
}

TEST_F(Safetensors, WidensHalfPrecision) {
  const std::vector<uint16_t> halves{0x3c00, 0xc000, 0x7bff, 0x0001, 0x83ff, 0x8000, 0x7c00, 0xfc00, 0x3555};
  const std::string data(reinterpret_cast<const char*>(halves.data()), halves.size() * 2);
  store(assemble("{\"h\":{\"dtype\":\"F16\",\"shape\":[3,3],\"data_offsets\":[0,18]}}", data));
  const SafetensorsFile file = SafetensorsFile::read(path());
  EXPECT_EQ(file.at("h").dtype, DType::f32);
  EXPECT_EQ(file.at("h").shape, (std::vector<int64_t>{3, 3}));
  const float inf = std::numeric_limits<float>::infinity();
  EXPECT_EQ(values_of<float>(file.at("h")), (std::vector<float>{1, -2, 65504, 0x1p-24f, -1023 * 0x1p-24f,
                                                                -0.0f, inf, -inf, 0.333251953125f}));
  EXPECT_TRUE(std::signbit(values_of<float>(file.at("h"))[5]));
}

TEST_F(Safetensors, UnknownNameListsTheNearest) {
  write_safetensors(path(), {}, sample());
  const SafetensorsFile file = SafetensorsFile::read(path());
  EXPECT_FALSE(file.contains("step"));
  const std::string error = error_of([&] { file.at("step"); });
  EXPECT_NE(error.find(path() + ": no tensor \"step\"; nearest: \"steps\""), std::string::npos) << error;
}

struct Damage {
  const char* name;
  std::string header;
  std::string error;  // part of the expected message
};
void PrintTo(const Damage& d, std::ostream* out) { *out << d.name; }  // its bytes else, unused ones of short strings among them

std::string tensor(const std::string& dtype, const std::string& shape, const std::string& offsets) {
  return "{\"dtype\":" + dtype + ",\"shape\":" + shape + ",\"data_offsets\":" + offsets + "}";
}

// Every header belongs to a file with 8 bytes of data.
const std::string kGood = tensor("\"F32\"", "[2]", "[0,8]");
const Damage kDamages[] = {
    {"Empty", "", "not JSON"},
    {"NotJson", "hello", "not JSON"},
    {"HalfJson", "{\"a\":{\"dtype\":\"F32\"", "not JSON"},
    {"TrailingJson", "{\"a\":" + kGood + "}{}", "not JSON"},
    {"Array", "[]", "the header: found an array"},
    {"String", "\"a\"", "the header: found a string"},
    {"Null", "null", "the header: found null"},
    {"Float", "1.5", "the header"},
    {"EntryIsNumber", "{\"a\":1}", "tensor \"a\": found a number"},
    {"EntryIsArray", "{\"a\":[" + kGood + "]}", "tensor \"a\": found an array"},
    {"MetadataIsString", "{\"__metadata__\":\"x\",\"a\":" + kGood + "}",
     "tensor \"__metadata__\": found a string"},
    {"MetadataValueIsNumber", "{\"__metadata__\":{\"x\":1},\"a\":" + kGood + "}",
     "__metadata__: \"x\" is a number"},
    {"MetadataNested", "{\"__metadata__\":{\"x\":{}},\"a\":" + kGood + "}",
     "__metadata__: \"x\" is an object"},
    {"MetadataRepeated", "{\"__metadata__\":{\"x\":\"1\",\"x\":\"2\"},\"a\":" + kGood + "}",
     "\"x\" appears twice"},
    {"NameTwice", "{\"a\":" + kGood + ",\"a\":" + kGood + "}", "tensor \"a\": appears twice"},
    {"KeyTwice", "{\"a\":{\"dtype\":\"F32\",\"dtype\":\"U8\"}}", "tensor \"a\": \"dtype\" appears twice"},
    {"KeyUnknown", "{\"a\":{\"dtype\":\"F32\",\"strides\":[1]}}", "tensor \"a\": unknown key \"strides\""},
    {"DtypeUnknown", "{\"a\":" + tensor("\"F8_E4M3\"", "[8]", "[0,8]") + "}",
     "dtype \"F8_E4M3\" is not one of"},
    {"DtypeIsNumber", "{\"a\":" + tensor("3", "[8]", "[0,8]") + "}", "\"dtype\" is a number"},
    {"DtypeIsArray", "{\"a\":" + tensor("[\"F32\"]", "[8]", "[0,8]") + "}", "\"dtype\" is an array"},
    {"DtypeMissing", "{\"a\":{\"shape\":[2],\"data_offsets\":[0,8]}}", "tensor \"a\": dtype is missing"},
    {"ShapeMissing", "{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,8]}}", "tensor \"a\": shape is missing"},
    {"OffsetsMissing", "{\"a\":{\"dtype\":\"F32\",\"shape\":[2]}}", "tensor \"a\": data_offsets is missing"},
    {"ShapeIsNumber", "{\"a\":" + tensor("\"F32\"", "2", "[0,8]") + "}", "\"shape\" is a number"},
    {"ShapeNegative", "{\"a\":" + tensor("\"F32\"", "[-2]", "[0,8]") + "}", "shape has -2"},
    {"ShapeFraction", "{\"a\":" + tensor("\"F32\"", "[2.0]", "[0,8]") + "}", "not an integer"},
    {"ShapeHolds", "{\"a\":" + tensor("\"F32\"", "[\"2\"]", "[0,8]") + "}", "\"shape\" holds a string"},
    {"ShapeNested", "{\"a\":" + tensor("\"F32\"", "[[2]]", "[0,8]") + "}", "\"shape\" holds an array"},
    {"ShapeBeyondInt64", "{\"a\":" + tensor("\"F32\"", "[9223372036854775808]", "[0,8]") + "}", "dimension"},
    {"ShapeBeyondUint64", "{\"a\":" + tensor("\"F32\"", "[99999999999999999999]", "[0,8]") + "}",
     "not an integer"},
    {"ShapeOverflows", "{\"a\":" + tensor("\"F32\"", "[4294967296,4294967296]", "[0,8]") + "}",
     "no memory can hold"},
    {"ShapeWrapsToEight", "{\"a\":" + tensor("\"F32\"", "[4611686018427387906]", "[0,8]") + "}", "no memory"},
    {"ShapeOverflowsBesideZero", "{\"a\":" + tensor("\"U8\"", "[0,4294967296,4294967296]", "[0,0]") + "}",
     "no memory"},
    {"SizeTooSmall", "{\"a\":" + tensor("\"F32\"", "[1]", "[0,8]") + "}",
     "span 8 bytes, but F32 [1] takes 4"},
    {"SizeTooLarge", "{\"a\":" + tensor("\"F64\"", "[1,2]", "[0,8]") + "}",
     "span 8 bytes, but F64 [1, 2] takes 16"},
    {"OffsetsOne", "{\"a\":" + tensor("\"F32\"", "[2]", "[8]") + "}", "data_offsets has 1 numbers"},
    {"OffsetsThree", "{\"a\":" + tensor("\"F32\"", "[2]", "[0,8,8]") + "}", "more than 2 numbers"},
    {"OffsetsNegative", "{\"a\":" + tensor("\"F32\"", "[2]", "[-8,0]") + "}", "data_offsets has -8"},
    {"OffsetsBackwards", "{\"a\":" + tensor("\"F32\"", "[2]", "[8,0]") + "}", "run backwards"},
    {"OffsetsBeyond", "{\"a\":" + tensor("\"F32\"", "[2]", "[8,16]") + "}", "beyond the 8 bytes"},
    {"OffsetsHuge", "{\"a\":" + tensor("\"F32\"", "[2]", "[18446744073709551608,18446744073709551615]") + "}",
     "beyond"},
    {"Overlap", "{\"a\":" + kGood + ",\"b\":" + tensor("\"U8\"", "[4]", "[4,8]") + "}",
     "\"a\" and \"b\" overlap"},
    {"SameBytes", "{\"a\":" + kGood + ",\"b\":" + kGood + "}", "\"a\" and \"b\" overlap"},
    {"Hole", "{\"a\":" + tensor("\"U8\"", "[4]", "[4,8]") + "}", "4 bytes before it belong to no tensor"},
    {"Tail", "{\"a\":" + tensor("\"U8\"", "[4]", "[0,4]") + "}", "4 bytes at the end belong to no tensor"},
    {"NothingThere", "{}", "8 bytes at the end belong to no tensor"},
};

class DamagedHeader : public Safetensors, public testing::WithParamInterface<Damage> {};

TEST_P(DamagedHeader, IsOneClearLine) {
  store(assemble(GetParam().header, "01234567"));
  const std::string error = error_of([&] { SafetensorsFile::read(path()); });
  EXPECT_EQ(error.rfind(path() + ": ", 0), 0u) << error;
  EXPECT_NE(error.find(GetParam().error), std::string::npos) << error;
  EXPECT_EQ(error.find('\n'), std::string::npos) << error;
  EXPECT_LT(error.size(), path().size() + 250);
}

INSTANTIATE_TEST_SUITE_P(Safetensors, DamagedHeader, testing::ValuesIn(kDamages),
                         [](const auto& info) { return info.param.name; });

TEST_F(Safetensors, DeepNestingIsCheap) {
  for (const std::string open : {"[", "{\"a\":"}) {
    std::string header;
    for (int i = 0; i < 1'000'000; ++i) header += open;
    store(assemble(header, ""));
    EXPECT_NE(error_of([&] { SafetensorsFile::read(path()); }), "no error");
  }
}

TEST_F(Safetensors, HostileNamesStayOnOneLine) {
  const std::string name = "x\\n\\u001b[2J" + std::string(5000, 'y');
  store(assemble("{\"" + name + "\":" + tensor("\"F32\"", "[3]", "[0,8]") + "}", "01234567"));
  const std::string error = error_of([&] { SafetensorsFile::read(path()); });
  EXPECT_NE(error.find("takes 12"), std::string::npos) << error;
  EXPECT_EQ(error.find_first_of("\n\x1b"), std::string::npos);
  EXPECT_LT(error.size(), path().size() + 250);
}

TEST_F(Safetensors, EveryTruncationIsAnError) {
  write_safetensors(path("whole"), {{"a", "b"}}, sample());
  const std::string whole = bytes_of(path("whole"));
  for (size_t length = 0; length < whole.size(); ++length) {
    store(whole.substr(0, length));
    ASSERT_NE(error_of([&] { SafetensorsFile::read(path()); }), "no error")
        << length << " of " << whole.size();
  }
}

TEST_F(Safetensors, HeaderLengthBeyondTheFile) {
  for (const uint64_t length : {uint64_t{100}, uint64_t{1} << 40, ~uint64_t{0}, ~uint64_t{7}}) {
    std::string bytes = assemble("{}", "");
    std::memcpy(bytes.data(), &length, sizeof length);
    store(bytes);
    const std::string error = error_of([&] { SafetensorsFile::read(path()); });
    EXPECT_NE(error.find("header would have " + std::to_string(length) + " bytes"), std::string::npos)
        << error;
  }
}

// Damage of any kind is either an Error or a file whose tensors can be read to their last byte.
TEST_F(Safetensors, RandomDamageIsSafe) {
  write_safetensors(path("whole"), {{"a", "b"}}, sample());
  const std::string whole = bytes_of(path("whole"));
  std::mt19937 random(7);
  int refused = 0;
  for (int round = 0; round < 3000; ++round) {
    std::string bytes = whole;
    for (int edits = 1 + random() % 3; edits != 0; --edits) {
      const size_t at = random() % bytes.size();
      if (random() % 4 == 0) {
        bytes.erase(at, 1 + random() % 8);
      } else {
        bytes[at] = "0123456789,:[]{}\"\xff"[random() % 18];
      }
    }
    store(bytes);
    try {
      const SafetensorsFile file = SafetensorsFile::read(path());
      uint64_t sum = 0;
      for (const std::string& name : file.names()) {
        for (size_t i = 0; i < file.at(name).bytes; ++i)
          sum += std::to_integer<uint64_t>(file.at(name).data[i]);
      }
      ASSERT_LT(sum, 256 * bytes.size() * 2);
    } catch (const Error&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, 1000);
}

TEST_F(Safetensors, MissingFileAndFolderAreNamed) {
  EXPECT_NE(error_of([&] { SafetensorsFile::read(path("absent")); }).find(path("absent") + ": cannot open"),
            std::string::npos);
  EXPECT_NE(error_of([&] { SafetensorsFile::read(folder_); }).find("not a file"), std::string::npos);
  EXPECT_NE(error_of([&] { write_safetensors(path("no/where"), {}, sample()); }).find("cannot write"),
            std::string::npos);
}

TEST_F(Safetensors, WriterRefusesWhatTheReaderWould) {
  const RawTensor good = raw(DType::f32, {2, 3}, kWeights);
  const auto error = [&](const std::map<std::string, std::string>& metadata,
                         const std::vector<std::pair<std::string, RawTensor>>& tensors) {
    return error_of([&] { write_safetensors(path(), metadata, tensors); });
  };
  EXPECT_NE(error({}, {{"a", good}, {"a", good}}).find("used twice"), std::string::npos);
  EXPECT_NE(error({}, {{"__metadata__", good}}).find("reserved"), std::string::npos);
  EXPECT_NE(error({}, {{"", good}}).find("empty"), std::string::npos);
  EXPECT_NE(error({}, {{"\xff", good}}).find("UTF-8"), std::string::npos);
  EXPECT_NE(error({{"k", "\xff"}}, {{"a", good}}).find("UTF-8"), std::string::npos);
  EXPECT_NE(error({}, {{"a", raw(DType::f64, {2, 3}, kWeights)}}).find("takes 48"), std::string::npos);
  EXPECT_NE(error({}, {{"a", raw(DType::f32, {-6}, kWeights)}}).find("no memory"), std::string::npos);
  EXPECT_EQ(files(), 0u);
}

// A full disk, played by a limit on the size of files: the old file stays, nothing else is left behind.
TEST_F(Safetensors, FailedWriteLeavesTheOldFile) {
  write_safetensors(path(), {{"age", "old"}}, sample());
  const std::string before = bytes_of(path());
  const std::vector<float> large(100'000);
  rlimit limit;
  getrlimit(RLIMIT_FSIZE, &limit);
  const rlimit small{65536, limit.rlim_max};
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  setrlimit(RLIMIT_FSIZE, &small);
  const std::string error = error_of([&] {
    write_safetensors(path(), {}, {{"a", raw(DType::f32, {100'000}, large)}});
  });
  setrlimit(RLIMIT_FSIZE, &limit);
  std::signal(SIGXFSZ, handler);
  EXPECT_NE(error.find("cannot write"), std::string::npos) << error;
  EXPECT_EQ(bytes_of(path()), before);
  EXPECT_EQ(files(), 1u);
}

}  // namespace
}  // namespace ganymede
