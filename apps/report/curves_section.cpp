#include <algorithm>
#include <array>

#include "chart.h"
#include "html.h"
#include "kernels/error.h"
#include "sections.h"

namespace segue::report {
namespace {

bool starts(const std::string& text, const char* with) { return text.rfind(with, 0) == 0; }

bool is_adversarial(const std::string& n) { return starts(n, "D_") || starts(n, "G_"); }
bool is_cycle(const std::string& n) { return starts(n, "cycle_") || starts(n, "idt_"); }
bool is_semantic(const std::string& n) { return starts(n, "sem_"); }
bool is_loss(const std::string& n) { return n == "loss" || starts(n, "loss_"); }
bool is_rate(const std::string& n) { return n == "lr"; }
bool is_norm(const std::string& n) { return n == "grad_norm"; }
bool is_speed(const std::string& n) { return n == "img_s"; }
bool is_housekeeping(const std::string& n) { return n == "step_s" || n == "data_s" || n == "mem_mb"; }

struct Group {
  const char* title;
  bool (*takes)(const std::string&);
  bool from_zero;
};

constexpr std::array kGroups = {
    Group{"Loss and its parts", is_loss, true},
    Group{"Adversarial losses", is_adversarial, true},
    Group{"Cycle and identity losses", is_cycle, true},
    Group{"Semantic losses", is_semantic, true},
    Group{"Learning rate", is_rate, true},
    Group{"Gradient norm", is_norm, true},
    Group{"Images per second", is_speed, true},
};

Line line_of(const Series& s, size_t index) { return {s.name, index == 0 ? 1 : int((index + 1) % kColors), s.points}; }

std::string grouped(const std::vector<Series>& all) {
  std::string html;
  std::vector<bool> taken(all.size(), false);
  for (const Group& group : kGroups) {
    LineChart chart{.title = group.title, .lines = {}, .from_zero = group.from_zero};
    for (size_t i = 0; i < all.size(); ++i)
      if (!taken[i] && group.takes(all[i].name)) {
        chart.lines.push_back(line_of(all[i], chart.lines.size()));
        taken[i] = true;
      }
    html += line_chart(chart);
  }
  for (size_t i = 0; i < all.size(); ++i)
    if (!taken[i] && !is_housekeeping(all[i].name))
      html += line_chart({.title = all[i].name, .lines = {line_of(all[i], 0)}});
  return html;
}

const Series* series_named(const std::vector<Series>& all, const char* name) {
  for (const Series& s : all)
    if (s.name == name) return &s;
  return nullptr;
}

std::string evaluations(const std::vector<Series>& val) {
  LineChart chart{.title = "Held-out images", .lines = {}, .shares = true, .with_points = true};
  for (const auto& [key, name] : {std::pair("miou", "mIoU"), std::pair("pixel_acc", "pixel accuracy")})
    if (const Series* s = series_named(val, key)) chart.lines.push_back({name, int(chart.lines.size()) + 1, s->points});
  return line_chart(chart);
}

std::string charts_of(const RunFiles& files) {
  const std::string html = evaluations(files.val) + grouped(files.train);
  return html.empty() ? "" : cat("<div class=\"charts\">\n", html, "</div>\n");
}

/// All scored trainings in one picture.
std::string comparison(const RunData& run) {
  LineChart score{.title = "mIoU on held-out images while training", .lines = {}, .shares = true, .with_points = true};
  LineChart loss{.title = "Loss", .lines = {}, .from_zero = true};
  for (const Stage& s : run.stages) {
    if (s.record.kind != StageKind::segment) continue;
    if (const Series* m = series_named(s.files.val, "miou"))
      score.lines.push_back({s.record.title, s.color, m->points});
    if (const Series* l = series_named(s.files.train, "loss"))
      loss.lines.push_back({s.record.title, s.color, l->points});
  }
  const std::string html = line_chart(score) + line_chart(loss);
  return html.empty() ? "" : cat("<div class=\"charts\">\n", html, "</div>\n");
}

}  // namespace

std::string curves_section(const RunData& run) {
  std::string html = comparison(run);
  if (run.staged)
    for (const Stage& s : run.stages) {
      const std::string charts = charts_of(s.files);
      if (charts.empty()) continue;
      // A segmentation's loss stands above already.
      html += cat("<details", s.record.kind == StageKind::segment ? "" : " open=\"open\"", "><summary>",
                  escaped(s.record.title), "</summary>\n", charts, "</details>\n");
    }
  else
    html += charts_of(run.files);
  return html;
}

}  // namespace segue::report
