#include <filesystem>
#include <map>
#include <set>

#include "engine/check.h"
#include "gan/data/arguments.h"
#include "gan/data/fitted_pictures.h"
#include "gan/data/openers.h"
#include "gan/data/triples.h"

namespace ganymede::data {
namespace {

namespace fs = std::filesystem;

// B/NAME.png is the picture of a product, A/NAME/*.png its sources.
class Products : public Dataset {
 public:
  Products(const std::string& folder, const Options& options) : folder_(folder) {
    require_folder(folder, "folders A and B");
    const std::string a = split_folder((fs::path(folder) / "A").string(), options.split), b = split_folder((fs::path(folder) / "B").string(), options.split);
    require_folder(a, "a folder of sources for each product");
    require_folder(b, "a picture of each product");
    std::map<std::string, std::string> folders;
    for (const std::string& path : folders_in(a)) folders.emplace(fs::path(path).filename().string(), path);
    std::vector<std::string> targets, sources;
    std::vector<int64_t> counts;
    std::set<std::string> names;
    for (const std::string& path : pictures_in(b)) {
      const std::string name = fs::path(path).stem().string();
      if (!names.insert(name).second) throw Error(path + ": another picture of that name is there too; a product has one");
      const auto found = folders.find(name);
      const std::vector<std::string> inside = found == folders.end() ? std::vector<std::string>{} : pictures_in(found->second);
      if (inside.empty()) throw Error(path + ": no sources of this product in " + (fs::path(a) / name).string());
      targets.push_back(path);
      first_.push_back(static_cast<int64_t>(sources.size()));
      counts.push_back(static_cast<int64_t>(inside.size()));
      sources.insert(sources.end(), inside.begin(), inside.end());
      folders.erase(found);
    }
    if (targets.empty()) fail_no_pictures(b);
    if (!folders.empty()) throw Error(folders.begin()->second + ": no picture of this product in " + b);
    if (targets.size() < 2) throw Error(b + ": one product alone; there is no other to tell it from");
    triples_ = std::make_unique<Triples>(counts, options.split);
    a_ = std::make_unique<FittedPictures>(sources, options);
    b_ = std::make_unique<FittedPictures>(targets, options);
    fields_ = triple_fields(a_->shape(), b_->shape());
  }

  int64_t size() const override { return triples_->size(); }
  std::string describe() const override {
    return "products " + folder_ + ": " + counted(b_->size(), "product") + " in B, " + counted(a_->size(), "source") + " in A, " + a_->describe();
  }
  void read(int64_t index, Random& random, HostBatch& out, int64_t row) const override {
    const Triple t = triples_->draw(index, random);
    const auto source = [&](int64_t product, int64_t k, size_t field) { a_->read(first_[static_cast<size_t>(product)] + k, a_->draw(random), out.real(field, row)); };
    const auto target = [&](int64_t product, size_t field) { b_->read(product, b_->draw(random), out.real(field, row)); };
    source(t.product, t.source, 0), target(t.product, 1), source(t.other, t.other_source, 2), target(t.other, 3);
  }

 private:
  std::string folder_;
  std::vector<int64_t> first_;  // source of each product
  std::unique_ptr<Triples> triples_;
  std::unique_ptr<FittedPictures> a_, b_;
};

}  // namespace

std::unique_ptr<Dataset> open_products(const std::string& argument, const Options& options) { return std::make_unique<Products>(argument, options); }

}  // namespace ganymede::data
