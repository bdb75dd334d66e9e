#include <array>

#include "apps/build_info.h"
#include "html.h"
#include "kernels/error.h"
#include "sections.h"
#include "style.h"

namespace segue::report {
namespace {

struct Section {
  const char *id, *title;
  std::string (*make)(const RunData&);
};

constexpr std::array kSections = {
    Section{"results", "Results", results_section},
    Section{"classes", "IoU by class", classes_section},
    Section{"examples", "Examples", examples_section},
    Section{"pseudo", "Pseudo-labels", pseudo_section},
    Section{"curves", "Training", curves_section},
    Section{"time", "Time", time_section},
    Section{"configuration", "Configuration", configuration_section},
    Section{"machine", "Machine", machine_section},
};

// Nothing can be loaded and nothing can run, whatever a run's files hold.
constexpr const char* kPolicy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'";

const char* kind_of(const RunData& run) {
  if (run.staged || run.files.task == "adapt") return "Adaptation";
  if (run.files.task == "translate") return "Training of a translation";
  return run.files.task == "segment" ? "Training of a segmentation" : "Run";
}

std::string word(const Json& environment, const char* key) {
  const Json* v = environment.find(key);
  if (!v || v->is_null() || v->is_object() || v->is_number()) return "";
  try {
    return v->text();
  } catch (const Error&) {
    return "";
  }
}

}  // namespace

std::string page(const RunData& run) {
  std::string body, contents;
  for (const Section& s : kSections) {
    const std::string text = s.make(run);
    if (text.empty()) continue;
    contents += cat("<a href=\"#", s.id, "\">", s.title, "</a> ");
    body += cat("<section id=\"", s.id, "\" aria-labelledby=\"", s.id, "-title\"><h2 id=\"", s.id, "-title\">", s.title,
                "</h2>\n", text, "</section>\n");
  }
  const std::string cpu = word(run.files.environment, "cpu"), device = word(run.files.environment, "device_name"),
                    began = word(run.files.environment, "time");
  return cat(
      "<!DOCTYPE html>\n<html lang=\"en\" xmlns=\"http://www.w3.org/1999/xhtml\">\n<head>\n<meta charset=\"utf-8\"/>\n",
      "<meta http-equiv=\"Content-Security-Policy\" content=\"", kPolicy, "\"/>\n",
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n<title>", escaped(run.name),
      " - segue report</title>\n<style>", kStyle, "</style>\n</head>\n<body>\n<header>\n<p class=\"kind\">",
      kind_of(run), "</p>\n<h1>", escaped(run.name), " <span class=\"state ", run.done() ? "done" : "open", "\">",
      run.done() ? "finished" : "unfinished", "</span></h1>\n<p class=\"soft\">", escaped(run.files.path),
      began.empty() ? "" : " &#183; begun " + escaped(began), device.empty() ? "" : " &#183; " + escaped(device),
      word(run.files.environment, "device") == "cpu" && !cpu.empty() ? " &#183; " + escaped(cpu) : "", "</p>\n",
      summary_section(run), "<nav aria-label=\"Sections\">", contents, "</nav>\n</header>\n<main>\n",
      notes_section(run), body, "</main>\n<footer>Written by segue ", build::kVersion, " (", escaped(build::git_id()),
      "). This file needs no network and no script.</footer>\n", "</body>\n</html>\n");
}

}  // namespace segue::report
