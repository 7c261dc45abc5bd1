#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "gan/data/palette.h"
#include "gan/data/random.h"

namespace ganymede::data {

enum class Kind { real, integer, text };

// One named thing that every sample of a data set has. The names that models ask for:
//   image [H, W, C] in [-1, 1]   label []               attributes [A] 0 or 1    caption (text)
//   a, b  [H, W, C] or [D] of a pair, or of two sides     low, high [h, w, C]    point [D]                tokens [T], length []
//   boxes [K, 5]  class, left, top, right, bottom in pixels, -1 where there is no object
//   characters [201] of the caption, -1 for none (data/words.h)
//   semantic [H, W]  what a pixel of b means, a number of the palette; -1: nothing that is known
//   anomalous []  0 or 1
//   keypoints [K, 3]  x, y in pixels, visible 0 or 1     edges [H, W, 1] in [-1, 1]     mask [H, W, 1]  1 in a hole, else 0
struct Field {
  std::string name;
  std::vector<int64_t> shape;  // of one sample; [] for a scalar and for text
  Kind kind = Kind::real;

  int64_t count() const;  // values in one sample
  int64_t bytes() const;  // of one sample in host memory; 0 for text
};

// Host memory for `rows` samples: one contiguous array a field, [rows, shape...].
class HostBatch {
 public:
  HostBatch() = default;
  HostBatch(std::vector<Field> fields, int64_t rows);

  int64_t rows() const { return rows_; }
  const std::vector<Field>& fields() const { return fields_; }
  bool has(const std::string& name) const;

  // The whole array of a field. Throws when there is no such field of that kind; the message lists the
  // fields.
  std::span<const float> real(const std::string& name) const;
  std::span<const int64_t> integer(const std::string& name) const;
  std::span<const std::string> text(const std::string& name) const;

  // One sample of field number `field`, for the data set that fills it.
  std::span<float> real(size_t field, int64_t row);
  std::span<int64_t> integer(size_t field, int64_t row);
  std::string& text(size_t field, int64_t row);
  // Sample 0 of another batch's field into one of the same shape and kind here.
  void copy(const HostBatch& from, const Field& of, size_t field, int64_t row);

 private:
  struct Column {
    std::vector<float> real;
    std::vector<int64_t> integer;
    std::vector<std::string> text;
  };
  const Column& column(const std::string& name, Kind kind) const;

  std::vector<Field> fields_;
  std::vector<Column> columns_;
  int64_t rows_ = 0;
};

// A finite, indexed set of samples.
class Dataset {
 public:
  virtual ~Dataset() = default;

  virtual int64_t size() const = 0;
  // One line for people: what it is, how many, of what size, and what was done to make them fit.
  virtual std::string describe() const = 0;
  // Writes sample `index` into row `row` of `out` (made of fields()). Augmentation draws from `random` and
  // from nothing else. Safe to call from several threads for different rows. Throws naming the file.
  virtual void read(int64_t index, Random& random, HostBatch& out, int64_t row) const = 0;

  // The field "attributes" of a sample, which sets that keep it beside their pictures give without reading one.
  virtual std::vector<float> attributes(int64_t index) const;
  // The field "label" of a sample, likewise.
  virtual int64_t label(int64_t index) const;
  // Whether a sample is of what a model is to learn from these data; a test split may hold others, to be told from them.
  virtual bool normal(int64_t) const { return true; }

  const std::vector<Field>& fields() const { return fields_; }
  const Field* field(const std::string& name) const;                                    // null: there is none
  const std::vector<std::string>& class_names() const { return class_names_; }          // of "label"
  const std::vector<std::string>& attribute_names() const { return attribute_names_; }  // of "attributes"
  const std::vector<std::string>& vocabulary() const { return vocabulary_; }  // of "tokens"; 0 is padding
  const Palette& palette() const { return palette_; }                         // of "semantic", whose colours "a" shows
  int64_t classes() const { return static_cast<int64_t>(class_names_.size()); }

 protected:
  std::vector<Field> fields_;
  std::vector<std::string> class_names_, attribute_names_, vocabulary_;
  Palette palette_;
};

enum class Split { train, test };

struct Options {
  int64_t size = 0;       // height and width in pixels; 0: as the data are
  bool size_asked_for = true;  // false: a model's standard, which sets that need a multiple of a scale lower to one
  int64_t channels = 0;   // 1 or 3; 0: as the data are
  bool flip = false;      // mirror left-right with probability 1/2
  int64_t load_size = 0;  // scale to this size first, then cut out a random part of `size`; 0: no random cut
  uint64_t seed = 0;      // of generated data; files ignore it
  Split split = Split::train;
  int64_t cache_bytes = int64_t{2} << 30;  // decoded or drawn pictures kept in memory, at most, and a quarter of what is free
  // `size`, or without one `natural`, that is to be a multiple of `scale`: lowered to one if nobody asked for it.
  int64_t size_by(int64_t scale, int64_t natural = 0) const {
    const int64_t wanted = size ? size : natural;
    return size_asked_for || wanted < scale ? wanted : wanted / scale * scale;
  }
};

// Opens a data set by its specification (`fashion-mnist`, `mnist:DIR`, `folder:DIR`, `shapes:task`, …; the
// whole list is in specification_help()). Checks every file; throws one line naming what is wrong (UsageError
// when it is the specification or an option).
std::unique_ptr<Dataset> open_dataset(const std::string& specification, const Options& options = {});

// One line a kind of data, for --help and for error messages.
const std::vector<std::string>& specification_help();

}  // namespace ganymede::data
