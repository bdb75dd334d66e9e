// Time, configuration and machine.
#include <algorithm>
#include <sstream>

#include "apps/train/run_log.h"
#include "chart.h"
#include "html.h"
#include "kernels/error.h"
#include "runtime/text.h"
#include "sections.h"

namespace segue::report {
namespace {

std::string state_text(const Stage& s) {
  if (s.record.state != StageState::running || s.files.total <= 0) return name_of(s.record.state);
  return cat("running, step ", s.files.step, " of ", s.files.total);
}

/// Lines of a configuration that a file or the command line gave, as rows; defaults are marked by who writes the file.
std::string given_settings(const std::string& config) {
  std::istringstream lines(config);
  std::string table, rows;
  for (std::string line; std::getline(lines, line);) {
    constexpr std::string_view kDefault = "# default";
    if (line.size() >= kDefault.size() && line.compare(line.size() - kDefault.size(), kDefault.size(), kDefault) == 0)
      continue;
    if (!line.empty() && line[0] == '[') {
      table = line.substr(1, line.find(']') - 1) + ".";
      continue;
    }
    const size_t equals = line.find(" = ");
    if (equals == std::string::npos || line[0] == '#') continue;
    rows += cat("<tr><th scope=\"row\"><code>", escaped(table + line.substr(0, equals)), "</code></th><td><code>",
                escaped(line.substr(equals + 3)), "</code></td></tr>\n");
  }
  return rows;
}

std::string block(const std::string& title, const std::string& text) {
  return text.empty()
             ? ""
             : cat("<details><summary>", escaped(title), "</summary><pre>", escaped(text), "</pre></details>\n");
}

std::string value_of(const std::string& key, const Json& v) {
  try {
    if (key == "memory_bytes") return bytes_text(uint64_t(std::max<int64_t>(0, v.integer())));
    if (!v.is_number() && !v.is_object() && !v.is_null()) return v.text();
  } catch (const Error&) {
  }
  return v.dump();
}

std::string label_of(std::string key) {
  if (key == "memory_bytes") return "memory";
  std::replace(key.begin(), key.end(), '_', ' ');
  return key;
}

}  // namespace

std::string time_section(const RunData& run) {
  if (!run.staged) return "";
  double total = 0;
  for (const Stage& s : run.stages) total += s.record.seconds;
  std::string rows;
  for (const Stage& s : run.stages)
    rows += cat("<tr><th scope=\"row\">", escaped(s.record.title), "</th><td>", escaped(state_text(s)),
                "</td><td class=\"bars\"><span class=\"n\">",
                s.record.seconds > 0 ? duration_text(s.record.seconds) : "&#8211;", "</span>",
                bar(total > 0 ? s.record.seconds / total : 0, s.color), "</td></tr>\n");
  return cat(
      "<p class=\"soft\">", duration_text(total),
      " for all stages together.</p>\n<div class=\"wide\"><table><thead><tr>",
      "<th scope=\"col\">Stage</th><th scope=\"col\">State</th><th scope=\"col\" class=\"n\">Time</th></tr></thead>\n",
      "<tbody>\n", rows, "</tbody></table></div>\n");
}

std::string configuration_section(const RunData& run) {
  const std::string rows = given_settings(run.files.config);
  std::string html;
  if (!rows.empty())
    html +=
        cat("<p class=\"soft\">What was set; the rest are defaults.</p>\n<div class=\"wide\"><table><thead><tr><th "
            "scope=\"col\">",
            "Setting</th><th scope=\"col\">Value</th></tr></thead>\n<tbody>\n", rows, "</tbody></table></div>\n");
  html += block("All settings: config.toml", run.files.config);
  for (const Stage& s : run.stages) html += block(cat("Settings of ", s.record.title), s.files.config);
  html += block("How it was started: cmdline.txt", run.files.command);
  return html;
}

std::string machine_section(const RunData& run) {
  const Json* environment = &run.files.environment;
  for (const Stage& s : run.stages)
    if (!environment->is_object()) environment = &s.files.environment;
  if (!environment->is_object()) return "";
  std::string rows;
  size_t lives = 0;
  for (const auto& [key, value] : environment->members()) {
    if (key == "resumed") {
      try {
        lives = value.elements().size();
      } catch (const Error&) {
      }
      continue;
    }
    rows += cat("<tr><th scope=\"row\">", escaped(label_of(key)), "</th><td>", escaped(value_of(key, value)),
                "</td></tr>\n");
  }
  if (lives > 0)
    rows += cat("<tr><th scope=\"row\">resumed</th><td>", lives, lives == 1 ? " time" : " times", "</td></tr>\n");
  return cat(
      "<div class=\"wide\"><table><thead><tr><th scope=\"col\">What</th><th "
      "scope=\"col\">Value</th></tr></thead>\n<tbody>\n",
      rows, "</tbody></table></div>\n");
}

}  // namespace segue::report
