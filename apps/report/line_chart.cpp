#include <algorithm>
#include <cmath>
#include <limits>

#include "chart.h"
#include "html.h"
#include "kernels/error.h"

namespace segue::report {
namespace {

constexpr double kWidth = 360, kHeight = 200, kLeft = 46, kRight = 10, kTop = 10, kBottom = 34;
constexpr size_t kMostPoints = 150;

using Points = std::vector<std::pair<double, double>>;

struct Axis {
  double low, high, from_px, to_px;
  double px(double v) const { return from_px + (v - low) / (high - low) * (to_px - from_px); }
};

Points shown_points(const Points& all) {
  Points finite;
  std::copy_if(all.begin(), all.end(), std::back_inserter(finite),
               [](const auto& p) { return std::isfinite(p.first) && std::isfinite(p.second); });
  if (finite.size() <= kMostPoints) return finite;
  Points means;
  for (size_t i = 0; i < kMostPoints; ++i) {
    const size_t begin = i * finite.size() / kMostPoints, end = (i + 1) * finite.size() / kMostPoints;
    double x = 0, y = 0;
    for (size_t j = begin; j < end; ++j) x += finite[j].first, y += finite[j].second;
    means.emplace_back(x / double(end - begin), y / double(end - begin));
  }
  return means;
}

/// Least and largest, spread so that there is a distance between them.
std::pair<double, double> limits(const std::vector<Points>& lines, bool of_x) {
  double low = std::numeric_limits<double>::infinity(), high = -low;
  for (const Points& line : lines)
    for (const auto& [x, y] : line) low = std::min(low, of_x ? x : y), high = std::max(high, of_x ? x : y);
  if (low == high) {
    const double spread = low == 0 ? 1 : std::fabs(low) * 0.1;
    low -= of_x ? 0 : spread, high += spread;
  }
  return {low, high};
}

std::string at(double v) { return fixed(v, 1); }

std::string tick_text(double v, bool share) {
  if (share) return percent(v, 0) + "%";
  const double size = std::fabs(v);
  if (size >= 1e6) return fixed(v / 1e6, v == std::round(v / 1e6) * 1e6 ? 0 : 1) + "M";
  if (size >= 1e4) return fixed(v / 1e3, v == std::round(v / 1e3) * 1e3 ? 0 : 1) + "k";
  char text[32];
  std::snprintf(text, sizeof text, "%.4g", v);
  return text;
}

std::string axes(const Axis& x, const Axis& y, const std::vector<double>& x_ticks, const std::vector<double>& y_ticks,
                 const LineChart& chart) {
  std::string svg = "<g class=\"axes\">";
  for (const double t : y_ticks)
    svg += cat("<path d=\"M", at(x.from_px), ' ', at(y.px(t)), "H", at(x.to_px), "\"/><text x=\"", at(x.from_px - 6),
               "\" y=\"", at(y.px(t) + 4), "\" text-anchor=\"end\">", tick_text(t, chart.shares), "</text>");
  for (const double t : x_ticks)
    svg += cat("<text x=\"", at(x.px(t)), "\" y=\"", at(kHeight - kBottom + 15), "\" text-anchor=\"middle\">",
               tick_text(t, false), "</text>");
  return svg + cat("<text x=\"", at(x.to_px), "\" y=\"", at(kHeight - 4), "\" text-anchor=\"end\">",
                   escaped(chart.x_name), "</text></g>");
}

std::string legend(const LineChart& chart, const std::vector<Points>& shown) {
  std::string html = "<figcaption>";
  for (size_t i = 0; i < chart.lines.size(); ++i) {
    if (shown[i].empty()) continue;
    const double last = shown[i].back().second;
    html += cat("<span class=\"key\"><svg class=\"dot\" viewBox=\"0 0 10 10\" aria-hidden=\"true\"><rect class=\"s",
                chart.lines[i].color, "\" width=\"10\" height=\"10\" rx=\"2\"/></svg>", escaped(chart.lines[i].name),
                " <span class=\"last\">", chart.shares ? percent(last) + "%" : short_number(last), "</span></span> ");
  }
  return html + "</figcaption>";
}

}  // namespace

std::vector<double> ticks(double low, double high, int count) {
  const double raw = (high - low) / std::max(1, count);
  if (!(raw > 0) || !std::isfinite(raw)) return {};
  const double power = std::pow(10.0, std::floor(std::log10(raw)));
  double step = power * 10;
  for (const double factor : {1.0, 2.0, 2.5, 5.0})
    if (factor * power >= raw * 0.999) {
      step = factor * power;
      break;
    }
  std::vector<double> all;
  for (double i = std::ceil(low / step - 1e-9); i * step <= high + step * 1e-9; ++i) {
    all.push_back(i == 0 ? 0 : i * step);  // not -0
    if (all.size() > 100) return {};       // beyond the precision of the numbers
  }
  return all;
}

std::string line_chart(const LineChart& chart) {
  std::vector<Points> shown;
  bool any = false;
  for (const Line& line : chart.lines) {
    shown.push_back(shown_points(line.points));
    any = any || !shown.back().empty();
  }
  if (!any) return "";

  auto [x_low, x_high] = limits(shown, true);
  auto [y_low, y_high] = limits(shown, false);
  if (chart.from_zero) y_low = std::min(0.0, y_low);
  const double room = (y_high - y_low) * 0.05;
  y_high += room, y_low -= chart.from_zero && y_low == 0 ? 0 : room;
  if (chart.shares) y_high = std::min(y_high, 1.0 + 1e-9);
  if (!std::isfinite(y_high - y_low)) return "";
  const Axis x{x_low, x_high, kLeft, kWidth - kRight}, y{y_low, y_high, kHeight - kBottom, kTop};

  std::string description = chart.title;
  std::string lines;
  for (size_t i = 0; i < shown.size(); ++i) {
    if (shown[i].empty()) continue;
    const auto value = [&](double v) { return chart.shares ? percent(v) + "%" : short_number(v); };
    description +=
        cat("; ", chart.lines[i].name, " from ", value(shown[i].front().second), " to ", value(shown[i].back().second));
    std::string path;
    for (const auto& [px, py] : shown[i]) path += cat(path.empty() ? "M" : "L", at(x.px(px)), ' ', at(y.px(py)));
    lines += cat("<path class=\"line c", chart.lines[i].color, "\" d=\"", path, "\"/>");
    if (chart.with_points || shown[i].size() == 1)
      for (const auto& [px, py] : shown[i])
        lines += cat("<circle class=\"s", chart.lines[i].color, "\" cx=\"", at(x.px(px)), "\" cy=\"", at(y.px(py)),
                     "\" r=\"2.5\"/>");
  }
  return cat("<figure class=\"chart\"><h4>", escaped(chart.title), "</h4><svg viewBox=\"0 0 ", kWidth, ' ', kHeight,
             "\" role=\"img\"", attribute("aria-label", description), '>',
             axes(x, y, ticks(x_low, x_high, 4), ticks(y_low, y_high, 4), chart), lines, "</svg>", legend(chart, shown),
             "</figure>\n");
}

}  // namespace segue::report
