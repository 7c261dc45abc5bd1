#include "gan/data/dataset.h"

#include <algorithm>

#include "engine/check.h"

namespace ganymede::data {
namespace {

const char* name_of(Kind kind) {
  return kind == Kind::real ? "real" : kind == Kind::integer ? "integer" : "text";
}

}  // namespace

int64_t Field::count() const {
  int64_t count = 1;
  for (int64_t extent : shape) count *= extent;
  return count;
}

int64_t Field::bytes() const {
  if (kind == Kind::text) return 0;
  return count() * static_cast<int64_t>(kind == Kind::integer ? sizeof(int64_t) : sizeof(float));
}

HostBatch::HostBatch(std::vector<Field> fields, int64_t rows)
    : fields_(std::move(fields)), columns_(fields_.size()), rows_(rows) {
  for (size_t i = 0; i < fields_.size(); ++i) {
    const size_t count = static_cast<size_t>(fields_[i].count() * rows);
    if (fields_[i].kind == Kind::real) columns_[i].real.resize(count);
    if (fields_[i].kind == Kind::integer) columns_[i].integer.resize(count);
    if (fields_[i].kind == Kind::text) columns_[i].text.resize(static_cast<size_t>(rows));
  }
}

bool HostBatch::has(const std::string& name) const {
  return std::any_of(fields_.begin(), fields_.end(), [&](const Field& field) { return field.name == name; });
}

const HostBatch::Column& HostBatch::column(const std::string& name, Kind kind) const {
  std::string known;
  for (size_t i = 0; i < fields_.size(); ++i) {
    if (fields_[i].name == name && fields_[i].kind == kind) return columns_[i];
    known += (i ? ", " : "") + fields_[i].name + " (" + name_of(fields_[i].kind) + ")";
  }
  throw Error("the data have no " + std::string(name_of(kind)) + " field '" + name + "'; they have " + known);
}

std::span<const float> HostBatch::real(const std::string& name) const {
  return column(name, Kind::real).real;
}
std::span<const int64_t> HostBatch::integer(const std::string& name) const {
  return column(name, Kind::integer).integer;
}
std::span<const std::string> HostBatch::text(const std::string& name) const {
  return column(name, Kind::text).text;
}

std::span<float> HostBatch::real(size_t field, int64_t row) {
  const size_t count = static_cast<size_t>(fields_[field].count());
  return std::span(columns_[field].real).subspan(static_cast<size_t>(row) * count, count);
}
std::span<int64_t> HostBatch::integer(size_t field, int64_t row) {
  const size_t count = static_cast<size_t>(fields_[field].count());
  return std::span(columns_[field].integer).subspan(static_cast<size_t>(row) * count, count);
}
std::string& HostBatch::text(size_t field, int64_t row) {
  return columns_[field].text[static_cast<size_t>(row)];
}

void HostBatch::copy(const HostBatch& from, const Field& of, size_t field, int64_t row) {
  if (of.kind == Kind::real) std::ranges::copy_n(from.real(of.name).begin(), of.count(), real(field, row).begin());
  if (of.kind == Kind::integer) std::ranges::copy_n(from.integer(of.name).begin(), of.count(), integer(field, row).begin());
  if (of.kind == Kind::text) text(field, row) = from.text(of.name)[0];
}

std::vector<float> Dataset::attributes(int64_t index) const {
  HostBatch one(fields_, 1);
  Random random(0);
  read(index, random, one, 0);
  const auto values = one.real("attributes");
  return {values.begin(), values.end()};
}

int64_t Dataset::label(int64_t index) const {
  HostBatch one(fields_, 1);
  Random random(0);
  read(index, random, one, 0);
  return one.integer("label")[0];
}

const Field* Dataset::field(const std::string& name) const {
  for (const Field& field : fields_) {
    if (field.name == name) return &field;
  }
  return nullptr;
}

}  // namespace ganymede::data
