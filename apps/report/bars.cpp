#include <algorithm>
#include <cmath>

#include "chart.h"
#include "html.h"
#include "kernels/error.h"

namespace segue::report {

std::string bar(double share, int color) {
  const double width = std::isfinite(share) ? std::clamp(share, 0.0, 1.0) * 100 : 0;
  return cat("<svg class=\"bar\" viewBox=\"0 0 100 6\" preserveAspectRatio=\"none\" aria-hidden=\"true\">",
             "<rect class=\"track\" width=\"100\" height=\"6\"/><rect class=\"s", color, "\" width=\"", fixed(width, 2),
             "\" height=\"6\"/></svg>");
}

std::string histogram(const std::vector<int64_t>& counts, double threshold, const std::string& label) {
  constexpr int kBars = 40, kHigh = 28;
  constexpr double kWide = 4;  // px a bar
  if (counts.empty()) return "";
  // Bins are gathered so that there is one a bar.
  const size_t bars = std::min<size_t>(kBars, counts.size());
  std::vector<double> heights(bars, 0);
  for (size_t i = 0; i < counts.size(); ++i) heights[i * bars / counts.size()] += double(counts[i]);
  const double most = std::max(1.0, *std::max_element(heights.begin(), heights.end()));
  const double width = kWide * kBars, step = width / double(bars);
  std::string svg =
      cat("<svg class=\"histogram\" viewBox=\"0 0 ", width, ' ', kHigh + 2, "\" role=\"img\"",
          attribute("aria-label", label), "><path class=\"base\" d=\"M0 ", kHigh + 0.5, "H", width, "\"/>");
  for (size_t i = 0; i < bars; ++i) {
    if (heights[i] == 0) continue;
    const double high = std::max(0.6, heights[i] / most * kHigh);
    const bool kept = (double(i) + 0.5) / double(bars) >= threshold;
    svg += cat("<rect class=\"", kept ? "kept" : "dropped", "\" x=\"", fixed(double(i) * step + 0.4, 1), "\" y=\"",
               fixed(kHigh - high, 1), "\" width=\"", fixed(step - 0.8, 1), "\" height=\"", fixed(high, 1), "\"/>");
  }
  return svg + cat("<path class=\"threshold\" d=\"M", fixed(threshold * width, 1), " 0V", kHigh + 2, "\"/></svg>");
}

}  // namespace segue::report
