// segue report: a run's folder as one HTML file, or the results of several as Markdown.
#include <iostream>
#include <map>
#include <optional>

#include "apps/commands.h"
#include "kernels/error.h"
#include "runtime/atomic_file.h"
#include "runtime/text.h"
#include "sections.h"
#include "seed_table.h"

namespace segue {
namespace {

/// What env.json says; nothing if it is not there, or damaged: then there is less to warn of.
std::optional<int64_t> seed_of(const std::string& path) {
  report::Notes notes;
  const std::string file = path + "/env.json";
  const auto text = report::read_text(file, size_t(1) << 20, false, notes);
  if (!text) return std::nullopt;
  try {
    return Json::parse(*text, file).integer("seed");
  } catch (const Error&) {
    return std::nullopt;
  }
}

void warn_of_equal_seeds(const std::vector<std::string>& paths) {
  std::map<int64_t, std::string> by_seed;
  for (const std::string& path : paths) {
    const std::optional<int64_t> seed = seed_of(path);
    if (!seed) continue;
    const auto [first, is_new] = by_seed.emplace(*seed, path);
    if (!is_new)
      std::cerr << "segue: warning: runs " << quote(first->second) << " and " << quote(path) << " both have seed "
                << *seed << ": how they differ is no spread over seeds\n";
  }
}

void print_table(const std::vector<std::string>& paths) {
  warn_of_equal_seeds(paths);
  std::vector<report::SeedRun> runs;
  for (const std::string& path : paths) {
    report::Notes notes;
    const std::string file = path + "/stages.json";
    const auto text = report::read_text(file, size_t(16) << 20, true, notes);
    if (!text) throw Error(Fault::usage, cat("expects the folder of a run of 'segue adapt': ", notes.at(0)));
    runs.push_back({path, parse_stages(*text, file)});
  }
  std::cout << report::seed_tables(runs);
}

}  // namespace

void run_report(const ReportCommand& command) {
  if (command.table) return print_table(command.runs);
  const report::RunData run = report::load_run(command.runs.at(0));
  const std::string path = command.out.empty() ? run.files.path + "/report.html" : command.out;
  const std::string html = report::page(run);
  write_file(path, html);
  std::cout << path << ": " << bytes_text(html.size());
  if (!run.notes.empty())
    std::cout << "; " << run.notes.size() << (run.notes.size() == 1 ? " thing" : " things") << " could not be shown";
  std::cout << '\n';
}

}  // namespace segue
