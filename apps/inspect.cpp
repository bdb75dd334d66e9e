// segue inspect: what a weight file holds.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <iostream>
#include <limits>

#include "commands.h"
#include "kernels/error.h"
#include "runtime/safetensors.h"
#include "runtime/stored_values.h"
#include "runtime/text.h"

namespace segue {
namespace {

struct Stats {
  double least = std::numeric_limits<double>::infinity(), most = -least, sum = 0;
  uint64_t nan = 0, inf = 0, finite = 0;
};

Stats stats_of(const SafeTensors& file, const StoredTensor& t) {
  Stats s;
  const std::byte* packed = file.data(t);
  for (uint64_t i = 0, n = t.count(); i < n; ++i) {
    const double v = value_at(packed, t.type, i);
    if (std::isnan(v)) {
      ++s.nan;
    } else if (std::isinf(v)) {
      ++s.inf;
    } else {
      ++s.finite;
      s.least = std::min(s.least, v);
      s.most = std::max(s.most, v);
      s.sum += v;
    }
  }
  return s;
}

std::string stats_text(const Stats& s) {
  if (s.finite + s.nan + s.inf == 0) return "";
  char text[160] = "";
  if (s.finite > 0)
    std::snprintf(text, sizeof text, "  min %-12.5g max %-12.5g mean %-12.5g", s.least, s.most,
                  s.sum / double(s.finite));
  return std::string(text) + cat("  nan ", s.nan, "  inf ", s.inf);
}

bool is_float(StoredType t) {
  return t == StoredType::F32 || t == StoredType::F64 || t == StoredType::F16 || t == StoredType::BF16;
}

/// Running statistics are saved with the parameters, but not trained.
bool is_parameter(const StoredTensor& t) {
  const std::string last = t.name.substr(t.name.rfind('.') + 1);
  return is_float(t.type) && last != "running_mean" && last != "running_var";
}

}  // namespace

void run_inspect(const InspectCommand& command) {
  const SafeTensors file(command.file);
  size_t width = 4;
  for (const StoredTensor& t : file.tensors()) width = std::max(width, std::min<size_t>(plain_text(t.name).size(), 80));

  std::vector<const StoredTensor*> by_name;
  for (const StoredTensor& t : file.tensors()) by_name.push_back(&t);
  std::sort(by_name.begin(), by_name.end(), [](auto* a, auto* b) { return a->name < b->name; });

  uint64_t parameters = 0, elements = 0, bad = 0;
  for (const StoredTensor* t : by_name) {
    elements += t->count();
    if (is_parameter(*t)) parameters += t->count();
    std::string name = plain_text(t->name), shape = shape_text(t->shape);
    name.resize(std::max(name.size(), width), ' ');
    std::string line =
        cat(name, "  ", name_of(t->type), std::string(5 - std::string(name_of(t->type)).size(), ' '), shape);
    if (command.stats) {
      const Stats s = stats_of(file, *t);
      bad += s.nan + s.inf;
      line.resize(std::max(line.size(), width + 26), ' ');
      line += stats_text(s);
    }
    std::cout << line << '\n';
  }

  const auto& metadata = file.metadata();
  if (!metadata.empty()) std::cout << '\n';
  for (const auto& [key, value] : metadata)
    std::cout << "metadata " << plain_text(key) << " = " << plain_text(value) << '\n';
  std::cout << '\n'
            << file.tensors().size() << " tensors, " << count_text(parameters) << " parameters, "
            << count_text(elements - parameters) << " other values, " << bytes_text(file.file_bytes()) << '\n';
  if (bad > 0) std::cerr << "segue: warning: " << count_text(bad) << " values are not finite\n";
}

}  // namespace segue
