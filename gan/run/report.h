#pragma once

#include <filesystem>

namespace ganymede::run {

// Writes FOLDER/report.html from what is in the run's folder, also while it is being trained: one page
// without any outside file, with what the run says of itself, the samples over time beside real pictures, all
// curves, and the settings. Returns its path. Throws Error if the folder holds no run or its stats are
// damaged; a damaged picture is named on the page.
std::filesystem::path write_report(const std::filesystem::path& folder);

}  // namespace ganymede::run
