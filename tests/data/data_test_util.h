#pragma once

#include <zlib.h>

#include <cstdint>
#include <string>
#include <vector>

#include "gan/data/dataset.h"
#include "gan/data/picture.h"
#include "gan/data/png.h"
#include "tests/data/run_test_util.h"

namespace ganymede::data {

using run::error_of;
using run::expect_mentions;
using run::get;
using run::put;
using run::TemporaryFolder;

inline std::string big_endian(uint32_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift);
  return bytes;
}

inline std::string idx_header(const std::vector<uint32_t>& shape) {
  std::string bytes = {0, 0, 8, static_cast<char>(shape.size())};
  for (uint32_t extent : shape) bytes += big_endian(extent);
  return bytes;
}

inline std::string gzipped(const std::string& bytes) {
  TemporaryFolder folder;
  const std::string path = (folder / "x.gz").string();
  gzFile file = gzopen(path.c_str(), "wb");
  gzwrite(file, bytes.data(), static_cast<unsigned>(bytes.size()));
  gzclose(file);
  return get(path);
}

// Smooth colours with a little of everything, so that codecs have something to do.
inline Picture sample_picture(int64_t height, int64_t width, int64_t channels, int seed = 0) {
  Picture picture(height, width, channels);
  for (int64_t y = 0; y < height; ++y) {
    for (int64_t x = 0; x < width; ++x) {
      for (int64_t c = 0; c < channels; ++c) {
        picture.at(y, x)[c] = static_cast<uint8_t>(37 * seed + 5 * y + 3 * x + 80 * c + (x * y) % 7);
      }
    }
  }
  return picture;
}

// As PNG, in folders made for it.
inline void write(const std::filesystem::path& path, const Picture& picture) {
  std::filesystem::create_directories(path.parent_path());
  write_png(path.string(), picture);
}

inline HostBatch sample_of(const Dataset& dataset, int64_t index, uint64_t key = 0) {
  HostBatch batch(dataset.fields(), 1);
  Random random(key);
  dataset.read(index, random, batch, 0);
  return batch;
}

// Why the data cannot be opened.
inline std::string open_error(const std::string& specification, const Options& options = {}) {
  return error_of([&] { open_dataset(specification, options); });
}

// All values of one sample, for comparing.
inline std::string sample_text(const Dataset& dataset, int64_t index, uint64_t key = 0) {
  HostBatch batch(dataset.fields(), 1);
  Random random(key, 0, static_cast<uint64_t>(index));
  dataset.read(index, random, batch, 0);
  std::string bytes;
  for (size_t i = 0; i < dataset.fields().size(); ++i) {
    const Kind kind = dataset.fields()[i].kind;
    if (kind == Kind::text) bytes += batch.text(i, 0);
    if (kind == Kind::real) {
      const auto values = batch.real(i, 0);
      bytes.append(reinterpret_cast<const char*>(values.data()), values.size_bytes());
    }
    if (kind == Kind::integer) {
      const auto values = batch.integer(i, 0);
      bytes.append(reinterpret_cast<const char*>(values.data()), values.size_bytes());
    }
  }
  return bytes;
}

// A set of drawn scenes: what a sample is follows from its seed, split and index, whether it is kept or drawn anew, and is drawn by chance only where parts are cut out.
inline void expect_drawn_scenes(const std::string& name) {
  const Options o{.size = 16, .seed = 4};
  Options other_seed = o, test = o, cut = o, grey = o, uncached = o;
  other_seed.seed = 5, test.split = Split::test, cut.load_size = 24, grey.channels = 1, uncached.cache_bytes = 0;
  const auto set = open_dataset(name, o), again = open_dataset(name, uncached);
  const std::string first = sample_text(*set, 3, 1);
  EXPECT_EQ(first, sample_text(*again, 3, 2));
  EXPECT_EQ(first, sample_text(*set, 3, 3)) << "kept in memory";
  EXPECT_NE(first, sample_text(*set, 4, 1));
  EXPECT_NE(first, sample_text(*open_dataset(name, other_seed), 3, 1));
  EXPECT_NE(first, sample_text(*open_dataset(name, test), 3, 1));
  const auto parts = open_dataset(name, cut);
  EXPECT_NE(sample_text(*parts, 3, 1), sample_text(*parts, 3, 2));
  EXPECT_EQ(open_dataset(name, grey)->field("b")->shape, (std::vector<int64_t>{16, 16, 1}));
  EXPECT_EQ(open_dataset(name + ":count=7")->size(), 7);
}

}  // namespace ganymede::data
