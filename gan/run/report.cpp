#include "gan/run/report.h"

#include <algorithm>

#include "engine/atomic_file.h"
#include "engine/posix.h"
#include "gan/data/picture_file.h"
#include "gan/run/chart_page.h"
#include "gan/run/diagnosis.h"
#include "gan/run/format.h"
#include "gan/run/html.h"
#include "gan/run/report_style.h"
#include "gan/run/run_folder.h"

namespace ganymede::run {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kMostSheets = 32;
constexpr std::uintmax_t kMostSheetBytes =
    24 << 20;  // of all embedded sample sheets; a page should open at once

struct Page {
  Page(const fs::path& path) : folder(RunFolder::open(path)) {
    if (fs::exists(folder.stats())) evidence.lines = read_stats(folder.stats());
    evidence.run = folder.run();
    samples = folder.samples();
    if (fs::exists(folder.reals())) evidence.reals = examine(folder.reals());
    if (!samples.empty()) evidence.samples = examine(samples.back().path);
    if (samples.size() > 1 && samples.front().iteration == 0) evidence.first = examine(samples.front().path);
  }

  std::optional<SheetStatistics> examine(const fs::path& path) {
    try {
      return examine_sheet(data::read_picture(path.string()));
    } catch (const std::exception& error) {
      damage.push_back(error.what());
      return std::nullopt;
    }
  }

  RunFolder folder;
  Evidence evidence;
  std::vector<Checkpoint> samples;
  std::vector<std::string> damage;
};

std::string text_of(const Json& value) {
  return value.is_string() ? value.get<std::string>()
                           : value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// "" if run.json does not have it.
std::string setting(const Json& run, const std::string& name) {
  return run.contains(name) ? text_of(run[name]) : "";
}

std::string element(const std::string& tag, const std::string& text) {
  return "<" + tag + ">" + escape_html(text) + "</" + tag + ">";
}

// Of all starts of the run together: the clock begins anew with each.
double seconds_trained(const std::vector<StatsLine>& lines) {
  double total = 0, before = 0;
  for (const StatsLine& line : lines) {
    const double* seconds = find(line.time, "seconds");
    if (seconds == nullptr) continue;
    total += *seconds >= before ? *seconds - before : *seconds;
    before = *seconds;
  }
  return total;
}

double mean_rate(const std::vector<StatsLine>& lines) {
  double sum = 0;
  int count = 0;
  for (const StatsLine& line : lines)
    if (const double* rate = find(line.time, "rate")) sum += *rate, ++count;
  return count == 0 ? 0 : sum / count;
}

std::string header(const Page& page) {
  const Json& run = page.evidence.run;
  const std::vector<StatsLine>& lines = page.evidence.lines;
  std::string html =
      "<header><p class=\"kind\">Ganymede run report</p>" + element("h1", setting(run, "model"));
  if (!setting(run, "paper").empty())
    html += "<p class=\"paper\">" + escape_html(setting(run, "paper")) + "</p>";

  std::vector<std::pair<std::string, std::string>> facts;
  const auto add = [&](const std::string& name, const std::string& value, const std::string& more) {
    if (!value.empty()) facts.emplace_back(name, "<b>" + escape_html(value) + "</b> " + escape_html(more));
  };
  const auto with = [&](const std::string& prefix, const std::string& name, const std::string& suffix) {
    return setting(run, name).empty() ? "" : prefix + setting(run, name) + suffix;
  };
  add("Data", setting(run, "data"), with("", "size", " px") + with(", batches of ", "batch", ""));
  if (!lines.empty()) {
    add("Trained", std::to_string(lines.back().iteration),
        with("of ", "steps", " ") + "iterations, " + short_number(lines.back().epoch) + " epochs");
    const double seconds = seconds_trained(lines), rate = mean_rate(lines);
    if (seconds > 0)
      add("Time", duration(seconds), rate > 0 ? short_number(rate) + " pictures a second" : "");
  }
  add("Device", setting(run, "device"), with("", "precision", "") + with(", ", "threads", setting(run, "threads") == "1" ? " thread" : " threads") + with(" in each of ", "processes", " processes"));
  add("Seed", setting(run, "seed"), "");
  add("Version", setting(run, "version"), "");
  html += "<dl>";
  for (const auto& [name, value] : facts)
    html += "<div>" + element("dt", name) + "<dd>" + value + "</dd></div>";
  return html + "</dl></header>\n";
}

std::string findings(const Page& page) {
  std::string html = "<section><h2>What this run says</h2><div class=\"findings\">";
  for (const Finding& finding : diagnose(page.evidence)) {
    static constexpr const char* kClasses[] = {"good", "note", "warning", "problem"};
    static constexpr const char* kMarks[] = {"✓", "i", "!", "✕"};
    const auto level = static_cast<std::size_t>(finding.level);
    html += std::string("<article class=\"") + kClasses[level] + "\"><i aria-hidden=\"true\">" +
            kMarks[level] + "</i><div>" + element("h3", finding.title) + element("p", finding.seen);
    if (!finding.advice.empty()) {
      html += "<ul>";
      for (const std::string& advice : finding.advice) html += element("li", advice);
      html += "</ul>";
    }
    html += "</div></article>";
  }
  return html +
         "</div><p class=\"aside\">A GAN's losses do not measure quality: the two players pull against each "
         "other, "
         "and a loss that stands still can hide steady progress. Judge by the samples.</p></section>\n";
}

// Evenly spread over the run, first and last always among them, few enough to be embedded.
std::vector<Checkpoint> choose_sheets(const std::vector<Checkpoint>& all) {
  std::size_t count = std::min(all.size(), kMostSheets);
  for (;; --count) {
    std::vector<Checkpoint> chosen;
    std::uintmax_t bytes = 0;
    for (std::size_t i = 0; i < count; ++i) {
      chosen.push_back(all[count == 1 ? all.size() - 1 : i * (all.size() - 1) / (count - 1)]);
      bytes += fs::file_size(chosen.back().path);
    }
    if (bytes <= kMostSheetBytes || count <= 1) return chosen;
  }
}

std::string picture(const fs::path& path, const std::string& description) {
  return "<img alt=\"" + escape_html(description) + "\" src=\"data:image/png;base64," +
         base64(read_file(path)) + "\">";
}

std::string samples(const Page& page) {
  const std::vector<Checkpoint> sheets = choose_sheets(page.samples);
  const bool reals = fs::exists(page.folder.reals());
  if (sheets.empty() && !reals) return "";
  std::string html = "<section><h2>Samples</h2><div class=\"sheets\">";
  if (!sheets.empty()) {
    const std::string last = std::to_string(sheets.size() - 1),
                      iteration = std::to_string(sheets.back().iteration);
    html += "<figure class=\"viewer\">" + picture(sheets.back().path, "samples at iteration " + iteration) +
            "<figcaption><button type=\"button\" class=\"play\" title=\"play\">▶</button>"
            "<input type=\"range\" aria-label=\"sample sheet\" min=\"0\" max=\"" +
            last + "\" value=\"" + last +
            "\">"
            "<output>iteration " +
            iteration + "</output></figcaption></figure>";
  }
  if (reals)
    html += "<figure>" + picture(page.folder.reals(), "real pictures") +
            "<figcaption>real pictures</figcaption></figure>";
  html += "</div>";
  if (sheets.size() > 1) {
    // A whole sheet would be too small there; its corner shows enough.
    html += page.evidence.samples ? "<div class=\"strip zoomed\">" : "<div class=\"strip\">";
    for (const Checkpoint& sheet : sheets) {
      const std::string iteration = std::to_string(sheet.iteration);
      html += "<button type=\"button\" data-iteration=\"" + iteration + "\">" +
              "<span class=\"crop\">" + picture(sheet.path, "samples at iteration " + iteration) + "</span>" +
              escape_html(iteration) + "</button>";
    }
    html += "</div>";
  }
  if (sheets.size() < page.samples.size())
    html += "<p class=\"aside\">" + std::to_string(sheets.size()) + " of " +
            std::to_string(page.samples.size()) +
            " sample sheets are shown; all are in the run's folder.</p>";
  return html + "</section>\n";
}

std::string settings(const Page& page) {
  std::string html = "<section><h2>Settings</h2><table>";
  for (const auto& [name, value] : flatten(page.evidence.run))
    html += "<tr>" + element("th", name) + element("td", text_of(value)) + "</tr>";
  return html + "</table></section>\n";
}

std::string damage(const Page& page) {
  if (page.damage.empty()) return "";
  std::string html = "<section><h2>Damaged files</h2><ul>";
  for (const std::string& line : page.damage) html += element("li", line);
  return html + "</ul></section>\n";
}

}  // namespace

fs::path write_report(const fs::path& folder) {
  const Page page(folder);
  const std::string title = escape_html(setting(page.evidence.run, "model") + " · " +
                                        fs::absolute(folder).lexically_normal().string());
  std::string html =
      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
      "<meta name=\"color-scheme\" content=\"light dark\"><title>" +
      title + "</title>\n<style>" + kReportStyle + "</style></head>\n<body><main>\n";
  html += header(page) + findings(page) + samples(page) + charts_section(page.evidence.lines) +
          settings(page) + damage(page);
  html += "</main>\n<script>" + std::string(kReportScript) + "</script></body></html>\n";
  write_atomically(page.folder.report(), html);
  return page.folder.report();
}

}  // namespace ganymede::run
