// Charts as inline SVG: no script, no fonts of their own, colours from the page's style.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace segue::report {

/// Classes `s0`, `s1`, ... of the page's style, and so its colours.
constexpr int kColors = 8;

struct Line {
  std::string name;
  int color = 0;
  std::vector<std::pair<double, double>> points;  ///< x, y, in order of x; y that is not finite is left out
};

struct LineChart {
  std::string title, x_name = "step";
  std::vector<Line> lines;
  bool from_zero = false;    ///< the y axis begins at 0
  bool shares = false;       ///< y is a share: shown in percent
  bool with_points = false;  ///< a dot at every point, for few points
};

/// A figure with title, axes, lines and a legend; "" if no line has a point. More points than the picture has room for are
/// averaged in groups.
std::string line_chart(const LineChart& chart);

/// A bar of `share`, 0 to 1, of the width of its cell, in colour `color`.
std::string bar(double share, int color);

/// Bars of `counts` beside each other over [0,1]; those from `threshold` on in the strong colour, with a line at it.
/// `label`: what it shows, for who cannot see it.
std::string histogram(const std::vector<int64_t>& counts, double threshold, const std::string& label);

/// Round numbers that span [low, high], about `count` of them.
std::vector<double> ticks(double low, double high, int count);

}  // namespace segue::report
