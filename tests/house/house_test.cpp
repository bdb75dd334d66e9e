// The rules that keep the house in order, read from the sources.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <sstream>

#include "contracts.h"
#include "tests/cases/cases.h"

namespace segue::house {
namespace {

namespace fs = std::filesystem;

fs::path root() {
  const char* dir = std::getenv("SEGUE_SOURCE_DIR");
  if (!dir) throw std::runtime_error("SEGUE_SOURCE_DIR names the source tree; run through ctest");
  return dir;
}

std::string read(const fs::path& p) {
  std::ifstream f(p);
  std::ostringstream s;
  s << f.rdbuf();
  return s.str();
}

const std::vector<std::string> kFolders = {"kernels", "runtime", "models", "losses", "data", "apps", "bench", "tests"};

std::vector<fs::path> sources() {
  std::vector<fs::path> all;
  for (const std::string& folder : kFolders)
    for (const auto& e : fs::recursive_directory_iterator(root() / folder)) {
      const std::string x = e.path().extension();
      if (e.is_regular_file() && (x == ".h" || x == ".cpp" || x == ".cu" || x == ".cuh")) all.push_back(e.path());
    }
  std::sort(all.begin(), all.end());
  EXPECT_GT(all.size(), 20u);
  return all;
}

// Launchers stand in the headers that bear the name of an op; the other headers of kernels/ serve them.
std::vector<Launcher> all_launchers() {
  std::vector<Launcher> all;
  std::istringstream ops(SEGUE_OPS);
  for (std::string op; ops >> op;)
    for (Launcher& l : launchers(op + ".h", read(root() / "kernels" / (op + ".h")))) all.push_back(std::move(l));
  EXPECT_FALSE(all.empty());
  return all;
}

TEST(House, LayersIncludeDownwardsOnly) {
  const std::map<std::string, std::set<std::string>> may = {
      {"kernels", {}},
      {"runtime", {"kernels"}},
      {"models", {"kernels", "runtime"}},
      {"losses", {"kernels", "runtime"}},
      {"data", {"kernels", "runtime"}},
      {"apps", {"kernels", "runtime", "models", "losses", "data"}},
      {"bench", {"kernels", "runtime", "models", "losses", "data", "tests"}},
      {"tests", {"kernels", "runtime", "models", "losses", "data", "apps"}}};
  static const std::regex kInclude(R"(#include "([a-z_]+)/)");
  for (const fs::path& p : sources()) {
    const std::string folder = fs::relative(p, root()).begin()->string(), text = read(p);
    for (std::sregex_iterator m(text.begin(), text.end(), kInclude), end; m != end; ++m) {
      const std::string target = (*m)[1];
      if (target == folder || !may.count(target)) continue;
      EXPECT_TRUE(may.at(folder).count(target)) << fs::relative(p, root()) << " includes " << (*m)[0];
    }
  }
}

TEST(House, CudaHeadersStayWhereTheyBelong) {
  static const std::regex kCuda(R"(#include <(cuda|cublas|cudnn|nvtx|device_launch)\w*[./])");
  for (const fs::path& p : sources()) {
    const std::string name = p.filename(), x = p.extension(), relative = fs::relative(p, root());
    const bool allowed = x == ".cu" || x == ".cuh" || name.find("_cuda.cpp") != std::string::npos ||
                         relative.rfind("tests/simt/", 0) == 0 || relative == "kernels/launch.h";
    EXPECT_TRUE(allowed || !std::regex_search(read(p), kCuda)) << relative << " includes a CUDA header";
  }
}

TEST(House, HeavyHeadersInOneFileEach) {
  const std::map<std::string, std::string> homes = {{"#include <CLI/", "CLI11"},
                                                    {"#include <toml++", "toml++"},
                                                    {"#include <nlohmann/", "JSON"},
                                                    {"#include <png.h", "libpng"},
                                                    {"#include <jpeglib", "libjpeg"}};
  for (const auto& [needle, what] : homes) {
    std::vector<std::string> users;
    for (const fs::path& p : sources())
      if (p.string().find("/tests/") == std::string::npos && read(p).find(needle) != std::string::npos)
        users.push_back(fs::relative(p, root()));
    EXPECT_LE(users.size(), 1u) << what << " is included by " << ::testing::PrintToString(users);
    for (const std::string& u : users) EXPECT_EQ(fs::path(u).extension(), ".cpp") << what << " in a header: " << u;
  }
}

TEST(House, NoFileOver500Lines) {
  for (const fs::path& p : sources()) {
    const std::string text = read(p);
    EXPECT_LE(std::count(text.begin(), text.end(), '\n'), 500) << fs::relative(p, root());
  }
}

TEST(House, LaunchersStandInHeadersOfOps) {
#if defined(SEGUE_FEW_OPS)
  GTEST_SKIP() << "built with SEGUE_ONLY_OPS";
#endif
  std::istringstream names(SEGUE_OPS);
  const std::set<std::string> ops{std::istream_iterator<std::string>(names), {}};
  for (const auto& e : fs::directory_iterator(root() / "kernels")) {
    if (e.path().extension() != ".h" || ops.count(e.path().stem())) continue;
    // What only one device has is a part of its launchers (a path of the convolution, a shared kernel).
    for (const Launcher& l : launchers(e.path().filename(), read(e.path())))
      EXPECT_FALSE(l.cpu && l.cuda) << "kernels/" << l.header << " declares the launcher " << l.name
                                    << "; expected it in the header of an op that cmake/ops.cmake names";
  }
}

TEST(House, EveryLauncherHasItsContract) {
  for (const Launcher& l : all_launchers()) {
    EXPECT_TRUE(l.cpu) << l.header << ": " << l.name << " has no CPU overload";
    for (const std::string& fault : contract_faults(l)) ADD_FAILURE() << l.header << ": " << l.name << ": " << fault;
  }
}

TEST(House, EveryLauncherHasACase) {
  std::set<std::string> cased;
  for (const cases::Case& k : cases::registry().cases)
    if (k.cpu && !k.bench_only) cased.insert(k.op);
  std::set<std::string> known;
  for (const Launcher& l : all_launchers()) {
    known.insert(l.name);
    EXPECT_TRUE(cased.count(l.name)) << l.header << ": " << l.name << " has no case in tests/cases";
  }
  for (const std::string& op : cased)
    EXPECT_TRUE(known.count(op)) << "a case names '" << op << "', which is no launcher";
}

TEST(House, EveryOpHasAGradientCase) {
#if defined(SEGUE_FEW_OPS)
  GTEST_SKIP() << "built with SEGUE_ONLY_OPS";
#endif
  std::set<std::string> cased;
  for (const auto& k : cases::registry().gradients) cased.insert(k.op);
  for (const std::string& op : ops(read(root() / "runtime/ops.h")))
    EXPECT_TRUE(cased.count(op)) << op << " has no gradient case in tests/cases";
}

TEST(House, CaseNamesAreUniqueAndWidenedBoundsHaveReasons) {
  std::set<std::string> seen;
  for (const cases::Case& k : cases::registry().cases) {
    EXPECT_TRUE(seen.insert(k.op + " " + k.name).second) << "two cases are called " << k.op << " " << k.name;
    EXPECT_TRUE(k.widen == 1 || k.widen_reason) << k.op << " " << k.name << " widens its bound without a reason";
  }
}

// The checker itself must find faults.
TEST(House, ContractCheckerFindsFaults) {
  const std::string good =
      "/// Copies.\n///\n///   y = x\n///\n/// x  any  in\n/// y  as x  out\n/// Throws  none.\n"
      "/// Traffic reads x.  Deterministic. Capture-safe.\n/// Source  none.\n"
      "void copy(const CpuExec& exec, const View& x, const View& y);\n";
  ASSERT_EQ(launchers("h", good).size(), 1u);
  EXPECT_TRUE(contract_faults(launchers("h", good)[0]).empty());
  for (const char* part :
       {"/// y  as x  out\n", "/// Throws  none.\n", "Deterministic. ", "Capture-safe.", "/// Source  none.\n"}) {
    std::string bad = good;
    bad.replace(bad.find(part), std::string(part).size(), "");
    EXPECT_FALSE(contract_faults(launchers("h", bad)[0]).empty()) << "not found: missing " << part;
  }
  for (const char* type : {"size_t", "std::pair<float, float>", "[[nodiscard]] bool"})
    EXPECT_EQ(launchers("h", std::string(type) + " made(const CpuExec& exec, const View& x);\n").size(), 1u) << type;
  EXPECT_EQ(
      ops("Tensor add(Context& c, const Tensor& a);\nstd::pair<Tensor, Tensor> split(Context& c, const Tensor& a);\n")
          .size(),
      2u);
}

}  // namespace
}  // namespace segue::house
