// What a report is made of: escaped text, charts, pictures, tables over seeds.
#include <gtest/gtest.h>

#include <cmath>

#include "apps/report/chart.h"
#include "apps/report/html.h"
#include "apps/report/seed_table.h"
#include "tests/files.h"

namespace segue {
namespace {

using testing::caught;

TEST(ReportText, EscapesEverything) {
  using report::escaped;
  EXPECT_EQ(escaped("<a href=\"x\">'&'</a>"), "&lt;a href=&quot;x&quot;&gt;&#39;&amp;&#39;&lt;/a&gt;");
  EXPECT_EQ(escaped("caf\xC3\xA9 \xF0\x9F\x9A\x97\n\t"), "caf\xC3\xA9 \xF0\x9F\x9A\x97\n\t");
  const std::string bad = "\xEF\xBF\xBD";
  EXPECT_EQ(escaped(std::string("a\0b\x1B\x7F", 5)), "a" + bad + "b" + bad + bad);
  EXPECT_EQ(escaped("\xC3("), bad + "(");                         // cut off
  EXPECT_EQ(escaped("\xED\xA0\x80"), bad + bad + bad);            // a surrogate
  EXPECT_EQ(escaped("\xEF\xBF\xBE\xC2\x85"), bad + bad);          // not for XML; a C1 control
  EXPECT_EQ(escaped("\xF5\x80\x80\x80"), bad + bad + bad + bad);  // beyond Unicode
  EXPECT_EQ(escaped("\xE2\x82"), bad + bad);
}

TEST(ReportText, Base64OfTheStandard) {  // RFC 4648, section 10
  const char* vectors[][2] = {{"", ""},
                              {"f", "Zg=="},
                              {"fo", "Zm8="},
                              {"foo", "Zm9v"},
                              {"foob", "Zm9vYg=="},
                              {"fooba", "Zm9vYmE="},
                              {"foobar", "Zm9vYmFy"}};
  for (const auto& v : vectors) EXPECT_EQ(report::base64(v[0]), v[1]);
  EXPECT_EQ(report::base64("\xFF\xFE\xFD"), "//79");
}

TEST(ReportText, Numbers) {
  EXPECT_EQ(report::percent(0.4467), "44.7");
  EXPECT_EQ(report::percent(-0.00001), "0.0");
  EXPECT_EQ(report::percent(NAN), "-");
  EXPECT_EQ(report::short_number(0.01234), "0.0123");
  EXPECT_EQ(report::short_number(12.34), "12.3");
  EXPECT_EQ(report::short_number(1.234e-5), "1.23e-05");
  EXPECT_EQ(report::short_number(0), "0");
}

TEST(ReportCharts, TicksAreRoundAndFew) {
  EXPECT_EQ(report::ticks(0, 1, 4), (std::vector<double>{0, 0.25, 0.5, 0.75, 1}));
  EXPECT_EQ(report::ticks(-3, 17, 4), (std::vector<double>{0, 5, 10, 15}));
  for (const double low : {0.0, -1e-9, 3e6, -7.3})
    for (const double span : {1e-6, 0.37, 12.0, 9e7}) {
      const std::vector<double> t = report::ticks(low, low + span, 4);
      ASSERT_GE(t.size(), 2u) << low << ' ' << span;
      ASSERT_LE(t.size(), 8u) << low << ' ' << span;
      EXPECT_GE(t.front(), low - span * 1e-6);
      EXPECT_LE(t.back(), low + span * (1 + 1e-6));
    }
  EXPECT_TRUE(report::ticks(1, 1, 4).empty());
  EXPECT_TRUE(report::ticks(0, INFINITY, 4).empty());
  EXPECT_TRUE(report::ticks(1e18, 1e18 + 128, 4).size() <= 100);
}

TEST(ReportCharts, LinesLeaveOutWhatIsNotFiniteAndAverageWhatIsMany) {
  EXPECT_EQ(report::line_chart({.title = "x", .lines = {{"a", 0, {{1, NAN}}}}}), "");
  const std::string one = report::line_chart({.title = "x", .lines = {{"a", 0, {{1, 2}, {2, INFINITY}}}}});
  EXPECT_NE(one.find("<circle"), std::string::npos);  // a line of one point would be invisible
  std::vector<std::pair<double, double>> many;
  for (int i = 0; i < 100000; ++i) many.emplace_back(i, i % 2);  // means of 1/2 everywhere
  const std::string chart = report::line_chart({.title = "x", .lines = {{"a", 0, many}}});
  EXPECT_LT(chart.size(), 6000u);
  EXPECT_NE(chart.find("a from 0.500 to 0.50"), std::string::npos) << chart.substr(0, 400);
}

StageRecord scored_stage(const std::string& title, StageRow row, double miou, double iou) {
  StageRecord s;
  s.folder = title, s.title = title, s.row = row, s.state = StageState::done;
  s.score = StageScore{miou, miou + 0.3, {{"a|b", iou}, {"bus", std::nullopt}}};
  return s;
}

TEST(SeedTable, MeanSpreadAndLeastGain) {
  std::vector<report::SeedRun> runs;
  for (const double x : {0.0, 0.02, 0.04})  // sample standard deviation 0.02; that of the gains is 0.01
    runs.push_back({"run",
                    {scored_stage("source only", StageRow::source, 0.2 + x, 0.5),
                     scored_stage("translated", StageRow::translated, 0.3 + 1.5 * x, 0.6),
                     scored_stage("ceiling", StageRow::ceiling, 0.4 + x, 0.7)}});
  const std::string pm = " \xC2\xB1 ";
  EXPECT_EQ(report::seed_tables(runs),
            "| stage | mIoU | pixel accuracy | gap recovered |\n|---|---|---|---|\n"
            "| source only | 22.0" +
                pm + "2.0 | 52.0" + pm + "2.0 | 0.0" + pm +
                "0.0 |\n"
                "| translated | 33.0" +
                pm + "3.0 | 63.0" + pm + "3.0 | 55.0" + pm +
                "5.0 |\n"
                "| ceiling | 42.0" +
                pm + "2.0 | 72.0" + pm + "2.0 | 100.0" + pm +
                "0.0 |\n\n"
                "| gain in mIoU | points | least |\n|---|---|---|\n"
                "| translated over source only | +11.0" +
                pm +
                "1.0 | +10.0 |\n\n"
                "| class | source only | translated | ceiling |\n|---|---|---|---|\n"
                "| a\\|b | 50.0" +
                pm + "0.0 | 60.0" + pm + "0.0 | 70.0" + pm + "0.0 |\n| bus | - | - | - |\n");
  const std::string one = report::seed_tables({runs[0]});
  EXPECT_NE(one.find("| translated | 30.0 | 60.0 | 50.0 |"), std::string::npos) << one;
  EXPECT_NE(one.find("| translated over source only | +10.0 |\n"), std::string::npos) << one;
  runs[1].name = "other", runs[1].stages[1].score.reset();
  EXPECT_NE(caught([&] { report::seed_tables(runs); }).what.find("'other'"), std::string::npos);
  EXPECT_EQ(caught([&] { report::seed_tables({{"x", {}}}); }).code, 3);
}

}  // namespace
}  // namespace segue
