#include "gan/data/picture_store.h"

#include <algorithm>
#include <filesystem>

#include "engine/check.h"

namespace ganymede::data {
namespace fs = std::filesystem;

namespace {

constexpr int64_t kMostBytesToCheck = int64_t{1} << 30;

bool hidden(const fs::path& path) { return path.filename().string().starts_with('.'); }

std::string size_text(const PictureInfo& info) {
  return std::to_string(info.width) + "x" + std::to_string(info.height);
}

}  // namespace

std::vector<std::string> pictures_in(const std::string& folder) {
  std::vector<std::string> paths;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    if (!hidden(entry.path()) && !entry.is_directory() && is_picture_name(entry.path())) {
      paths.push_back(entry.path().string());
    }
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

std::vector<std::string> folders_in(const std::string& folder) {
  std::vector<std::string> paths;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    if (!hidden(entry.path()) && entry.is_directory()) paths.push_back(entry.path().string());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

std::string split_folder(const std::string& folder, Split split) {
  std::vector<std::string> names;
  for (const std::string& path : folders_in(folder)) names.push_back(fs::path(path).filename().string());
  const auto is_split = [](const std::string& name) { return name == "train" || name == "test" || name == "val"; };
  const bool splits = std::any_of(names.begin(), names.end(), is_split) &&
                      std::all_of(names.begin(), names.end(), [&](const std::string& name) { return is_split(name) || name == "ground_truth"; });
  if (!splits || !pictures_in(folder).empty()) return folder;
  for (const char* name : {"train", "test", "val"}) {
    const bool wanted = (std::string(name) == "train") == (split == Split::train);
    if (wanted && std::find(names.begin(), names.end(), name) != names.end())
      return (fs::path(folder) / name).string();
  }
  throw Error(folder + ": no sub-folder " + (split == Split::train ? "train" : "test or val") +
              " there, only " + names[0]);
}

std::vector<std::string> pictures_below(const std::string& folder) {
  std::vector<std::string> paths = pictures_in(folder);
  if (paths.empty()) {
    for (const std::string& sub : folders_in(folder)) {
      const std::vector<std::string> inside = pictures_in(sub);
      paths.insert(paths.end(), inside.begin(), inside.end());
    }
  }
  if (paths.empty()) fail_no_pictures(folder);
  return paths;
}

void fail_no_pictures(const std::string& folder) {
  int64_t others = 0;
  std::string example;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (others++ == 0 || name < example) example = name;
  }
  throw Error(folder + ": no pictures (.png, .jpg, .jpeg, .bmp) there or in its sub-folders; " +
              (others == 0 ? "the folder is empty"
                           : "it holds " + std::to_string(others) + " other things, such as " + example));
}

void require_folder(const std::string& folder, const std::string& wanted) {
  std::error_code ignored;
  if (fs::is_directory(folder, ignored)) return;
  throw Error(folder + ": " + (fs::exists(folder, ignored) ? "is not a folder" : "no such folder") + " (" +
              wanted + " is looked for there)");
}

std::vector<PictureInfo> check_pictures(const std::vector<std::string>& paths) {
  int64_t bytes = 0;
  for (const std::string& path : paths) {
    std::error_code missing;
    const auto size = fs::file_size(path, missing);
    if (!missing) bytes += static_cast<int64_t>(size);
  }
  const Check check = bytes <= kMostBytesToCheck ? Check::whole : Check::header;
  std::vector<PictureInfo> infos;
  std::string first;
  int64_t bad = 0;
  for (const std::string& path : paths) {
    try {
      infos.push_back(picture_info(path, check));
    } catch (const Error& error) {
      if (bad++ == 0) first = error.what();
    }
  }
  if (bad == 1) throw Error(first);
  if (bad > 1) {
    throw Error(first + " (and " + std::to_string(bad - 1) + " more of " + std::to_string(paths.size()) +
                " pictures are bad)");
  }
  return infos;
}

PictureInfo common_size(const std::vector<std::string>& paths, const std::vector<PictureInfo>& infos) {
  for (size_t i = 1; i < infos.size(); ++i) {
    if (infos[i].height == infos[0].height && infos[i].width == infos[0].width) continue;
    throw Error("pictures differ in size: " + paths[0] + " is " + size_text(infos[0]) + ", " + paths[i] +
                " is " + size_text(infos[i]) + "; choose one with --size");
  }
  return infos.at(0);
}

std::string reductions(const std::vector<std::string>& paths, const std::vector<PictureInfo>& infos) {
  const auto reduced = [](const PictureInfo& info) { return !info.reduced.empty(); };
  const auto first = std::find_if(infos.begin(), infos.end(), reduced);
  if (first == infos.end()) return "";
  const auto more = std::count_if(first, infos.end(), reduced) - 1;
  return "; " + paths[static_cast<size_t>(first - infos.begin())] + " is " + first->reduced +
         (more ? " (and " + std::to_string(more) + " more like it)" : "");
}

int64_t common_channels(const std::vector<PictureInfo>& infos) {
  return std::all_of(infos.begin(), infos.end(), [](const PictureInfo& info) { return info.channels <= 2; })
             ? 1
             : 3;
}

PictureStore::PictureStore(std::vector<std::string> paths, Prepare prepare, int64_t cache_bytes)
    : paths_(std::move(paths)),
      prepare_(std::move(prepare)),
      kept_(paths_.size()),
      free_bytes_(cache_bytes) {}

std::shared_ptr<const Picture> PictureStore::get(int64_t index) const {
  const size_t place = static_cast<size_t>(index);
  {
    std::lock_guard lock(mutex_);
    if (kept_[place]) return kept_[place];
  }
  auto picture = std::make_shared<const Picture>(prepare_(read_picture(paths_[place]), index));
  const int64_t bytes = static_cast<int64_t>(picture->pixels.size());
  std::lock_guard lock(mutex_);
  if (!kept_[place] && bytes <= free_bytes_) {
    kept_[place] = picture;
    free_bytes_ -= bytes;
  }
  return picture;
}

}  // namespace ganymede::data
