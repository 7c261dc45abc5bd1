#include <algorithm>
#include <filesystem>
#include <fstream>

#include "engine/check.h"
#include "gan/data/arguments.h"
#include "gan/data/celeba_lists.h"
#include "gan/data/fitted_pictures.h"
#include "gan/data/openers.h"

namespace ganymede::data {
namespace {

namespace fs = std::filesystem;

// Fields "image" and "attributes". The pictures are cut to squares in their middle.
class Celeba : public Dataset {
 public:
  Celeba(const std::string& folder, const Options& options) : folder_(folder) {
    require_folder(folder, "img_align_celeba and list_attr_celeba.txt");
    const std::string start = folder + "/";
    std::ifstream attributes(start + "list_attr_celeba.txt"), parts(start + "list_eval_partition.txt");
    if (!attributes) throw Error(start + "list_attr_celeba.txt: cannot open the list of attributes");
    AttributeList list = read_attributes(attributes, start + "list_attr_celeba.txt");
    const auto partition = read_partition(parts, start + "list_eval_partition.txt");
    if (partition.empty() && options.split == Split::test) {
      throw Error(start + "list_eval_partition.txt: missing or empty, so there is no test split");
    }
    require_folder(start + "img_align_celeba", "aligned pictures");
    std::vector<std::string> paths;
    for (size_t i = 0; i < list.files.size(); ++i) {
      const auto part = partition.find(list.files[i]);
      const bool test = part != partition.end() && part->second == 2;
      if (test != (options.split == Split::test)) continue;
      paths.push_back(start + "img_align_celeba/" + list.files[i]);
      values_.push_back(std::move(list.values[i]));
    }
    pictures_ = std::make_unique<FittedPictures>(std::move(paths), options);
    attribute_names_ = std::move(list.names);
    fields_ = {{"image", pictures_->shape(), Kind::real},
               {"attributes", {static_cast<int64_t>(attribute_names_.size())}, Kind::real}};
  }

  int64_t size() const override { return pictures_->size(); }
  std::string describe() const override {
    return "CelebA " + folder_ + ": " + counted(size(), "picture") + " with " +
           counted(static_cast<int64_t>(attribute_names_.size()), "attribute") + ", " + pictures_->describe();
  }
  void read(int64_t index, Random& random, HostBatch& out, int64_t row) const override {
    pictures_->read(index, pictures_->draw(random), out.real(0, row));
    const std::vector<float>& values = values_[static_cast<size_t>(index)];
    std::copy(values.begin(), values.end(), out.real(1, row).begin());
  }

  std::vector<float> attributes(int64_t index) const override { return values_[static_cast<size_t>(index)]; }

 private:
  std::string folder_;
  std::vector<std::vector<float>> values_;
  std::unique_ptr<FittedPictures> pictures_;
};

}  // namespace

std::unique_ptr<Dataset> open_celeba(const std::string& argument, const Options& options) {
  return std::make_unique<Celeba>(argument, options);
}

}  // namespace ganymede::data
