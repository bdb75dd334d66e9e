// Which plan of which library computes a convolution: on libraries and a clock that are made up.
#include "kernels/conv_plans.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <vector>

#include "kernels/error.h"
#include "tests/files.h"

namespace segue {
namespace {

/// A plan as a library would offer it.
struct Offer {
  std::string text;
  float ms = 1;
  size_t workspace_bytes = 0;
  bool fails = false;
};

struct World;

class Library : public ConvLibrary {
 public:
  Library(World& world, const char* name, int64_t version) : world_(world), name_(name), version_(version) {}
  const char* name() const override { return name_; }
  int64_t version() const override { return version_; }
  void for_each_candidate(const ConvCall& call, size_t workspace_limit_bytes,
                          const std::function<bool(std::unique_ptr<ConvCandidate>)>& found) override;
  std::unique_ptr<ConvCandidate> restore(const ConvCall& call, size_t workspace_limit_bytes,
                                         const std::string& text) override;

  std::vector<Offer> offers;
  bool broken = false;

 private:
  World& world_;
  const char* name_;
  int64_t version_;
};

/// What happens to a machine, and what has happened.
struct World {
  Library cudnn{*this, "cuDNN", 91900}, cublas{*this, "cuBLASLt", 130100};
  std::string cublas_problem;  // empty: it is there
  bool capturing = false;
  int cublas_starts = 0, timings = 0;
  float now_ms = 0;
  std::vector<std::string> runs;
  std::vector<ConvOperands> operands;
};

class Candidate : public ConvCandidate {
 public:
  Candidate(World& world, const Offer& offer) : world_(world), offer_(offer) {}
  std::string text() const override { return offer_.text; }
  size_t workspace_bytes() const override { return offer_.workspace_bytes; }
  void run(const ConvOperands& operands, void*, CUstream_st*) override {
    if (offer_.fails) fail(Fault::device, "test", "expects this to fail");
    world_.now_ms += offer_.ms;
    world_.runs.push_back(offer_.text);
    world_.operands.push_back(operands);
  }

 private:
  World& world_;
  Offer offer_;
};

void Library::for_each_candidate(const ConvCall&, size_t workspace_limit_bytes,
                                 const std::function<bool(std::unique_ptr<ConvCandidate>)>& found) {
  if (broken) fail(Fault::device, "test", "expects heuristics; got none");
  for (const Offer& o : offers)
    if (o.workspace_bytes <= workspace_limit_bytes && !found(std::make_unique<Candidate>(world_, o))) return;
}

std::unique_ptr<ConvCandidate> Library::restore(const ConvCall&, size_t, const std::string& text) {
  for (const Offer& o : offers)
    if (o.text == text) return std::make_unique<Candidate>(world_, o);
  return nullptr;
}

class Machine : public ConvMachine {
 public:
  explicit Machine(World& world) : world_(world) {}
  std::string device() override { return "GPU"; }
  int compute_capability_major() override { return 9; }
  ConvLibrary& cudnn() override { return world_.cudnn; }
  ConvLibrary* cublas() override {
    ++world_.cublas_starts;
    return world_.cublas_problem.empty() ? &world_.cublas : nullptr;
  }
  std::string cublas_problem() override { return world_.cublas_problem; }
  bool capturing(CUstream_st*) override { return world_.capturing; }
  float time_ms(CUstream_st*, const std::function<void()>& queue) override {
    ++world_.timings;
    const float start = world_.now_ms;
    queue();
    return world_.now_ms - start;
  }

 private:
  World& world_;
};

ConvCall product() { return {ConvOp::forward, {2, 5, 7, 64, 24, 1, 1, 5, 7, 1, 0, 1}, DType::bf16}; }
ConvCall convolution() { return {ConvOp::forward, {2, 5, 7, 64, 24, 3, 3, 5, 7, 1, 1, 1}, DType::bf16}; }

class ConvPlansTest : public ::testing::Test {
 protected:
  ConvPlansTest() {
    for (const char* name : {"SEGUE_TUNE", "SEGUE_CUBLASLT", "SEGUE_CONV_PHASES"}) unsetenv(name);
    world_.cudnn.offers = {{"1:", 5}, {"2:", 3}, {"3:", 4}};
    world_.cublas.offers = {{"lt7:a", 6}, {"lt7:b", 2}};
  }
  ~ConvPlansTest() override { unsetenv("SEGUE_CUBLASLT"); }

  std::unique_ptr<ConvPlans> plans(ConvPlans::Options options = {}) {
    return std::make_unique<ConvPlans>(options, std::make_unique<Machine>(world_));
  }
  ConvPlans::Options tuned(CublasUse use = CublasUse::where_faster) {
    return {.tune = true, .cublas = use, .cache_file = ""};
  }
  /// What computes a call in the end.
  std::string chosen(ConvPlans& p, const ConvCall& call) {
    ConvPlans::Plan* plan = p.find(call, nullptr);
    if (!plan) return "none";
    std::vector<char> workspace(p.workspace_bytes(*plan) + 1);
    p.run(*plan, {}, workspace.data(), nullptr);
    return world_.runs.back();
  }
  std::string chosen(const ConvPlans::Options& options, const ConvCall& call) { return chosen(*plans(options), call); }

  World world_;
};

TEST_F(ConvPlansTest, TheFastestOfBothLibrariesIsKept) {
  const auto p = plans(tuned());
  EXPECT_EQ(chosen(*p, product()), "lt7:b");
  EXPECT_EQ(world_.timings, 25) << "five of each";
  EXPECT_EQ(chosen(*p, product()), "lt7:b");
  EXPECT_EQ(world_.timings, 25) << "chosen once";
  EXPECT_EQ(chosen(*p, convolution()), "2:");
  EXPECT_EQ(p->table(),
            "forward store bf16 n2 h5 w7 c64 k24 r1 s1 stride1 pad0 dilation1 cuBLASLt lt7:b\n"
            "forward store bf16 n2 h5 w7 c64 k24 r3 s3 stride1 pad1 dilation1 cuDNN 2:\n");
  world_.cudnn.offers[2].ms = 2;
  EXPECT_EQ(chosen(tuned(), product()), "3:") << "of equals the first, and cuDNN's stand first";
}

TEST_F(ConvPlansTest, WithoutTimingCudnnsFirstChoiceStays) {
  EXPECT_EQ(chosen({}, product()), "1:");
  EXPECT_EQ(world_.timings, 0);
  EXPECT_EQ(world_.cublas_starts, 0) << "a library of half a gigabyte is not opened for nothing";
  world_.cudnn.offers.clear();
  EXPECT_EQ(chosen({}, product()), "lt7:a");
  EXPECT_EQ(chosen({}, convolution()), "none");
  world_.cublas_problem = "no library";
  EXPECT_EQ(chosen({}, product()), "none");
  try {
    plans()->get(product(), nullptr);
    FAIL() << "no plan";
  } catch (const Error& e) {
    EXPECT_EQ(e.fault(), Fault::device);
    EXPECT_EQ(std::string(e.what()), "[convolutions] expects a deterministic plan for " + name_of(product()) +
                                         "; none for this device has cuDNN 9.19.0 alone (no library)");
  }
}

TEST_F(ConvPlansTest, AMachineWithoutCublasRunsOnCudnn) {
  world_.cublas_problem = "no libcublasLt.so.13";
  EXPECT_EQ(chosen(tuned(), product()), "2:");
  EXPECT_EQ(plans()->libraries(), "cuDNN 9.19.0 alone (no libcublasLt.so.13)");
  world_.cublas_problem.clear();
  world_.cublas.broken = true;
  EXPECT_EQ(chosen(tuned(), product()), "2:");
  EXPECT_THROW(chosen(tuned(CublasUse::always), product()), Error);
}

TEST_F(ConvPlansTest, TheEnvironmentChoosesTheLibrary) {
  setenv("SEGUE_CUBLASLT", "0", 1);
  EXPECT_EQ(chosen(tuned(), product()), "2:");
  EXPECT_EQ(world_.cublas_starts, 0);
  EXPECT_EQ(plans()->libraries(), "cuDNN 9.19.0 alone (SEGUE_CUBLASLT=0)");
  setenv("SEGUE_CUBLASLT", "1", 1);
  EXPECT_EQ(chosen({}, product()), "lt7:a");
  EXPECT_EQ(chosen({}, convolution()), "1:");
  EXPECT_EQ(plans()->libraries(), "cuDNN 9.19.0, cuBLASLt 13.1.0 wherever it can");
  world_.cudnn.offers[1].ms = 0.5;
  EXPECT_EQ(chosen(tuned(), product()), "lt7:b") << "against its own alone";
  world_.cublas.offers.clear();
  EXPECT_EQ(chosen(tuned(), product()), "2:") << "where it has none";
  world_.cublas_problem = "no library";
  EXPECT_THROW(chosen({}, product()), Error);
  EXPECT_EQ(chosen({}, convolution()), "1:");
  setenv("SEGUE_CUBLASLT", "yes", 1);
  try {
    plans();
    FAIL() << "a value that means nothing";
  } catch (const Error& e) {
    EXPECT_EQ(e.fault(), Fault::usage);
    EXPECT_NE(std::string(e.what()).find("[SEGUE_CUBLASLT] expects 0 or 1; got yes"), std::string::npos) << e.what();
  }
  setenv("SEGUE_CUBLASLT", "", 1);
  world_.cublas_problem.clear();
  EXPECT_EQ(plans()->libraries(), "cuDNN 9.19.0, cuBLASLt 13.1.0");
}

TEST_F(ConvPlansTest, AnotherProcessMakesTheSameChoice) {
  const testing::ScratchFolder folder;
  ConvPlans::Options options = tuned();
  options.cache_file = folder.file("plans");
  const auto content = [&] {
    std::ifstream f(options.cache_file);
    return std::string(std::istreambuf_iterator<char>(f), {});
  };
  EXPECT_EQ(chosen(options, product()), "lt7:b");
  EXPECT_EQ(chosen(options, convolution()), "2:");
  const std::string first = content();
  world_.timings = 0;
  for (Offer* o : {&world_.cudnn.offers[0], &world_.cublas.offers[0]}) o->ms = 0.1f;  // it would be chosen now
  EXPECT_EQ(chosen(options, product()), "lt7:b");
  EXPECT_EQ(chosen(options, convolution()), "2:");
  options.tune = false;
  EXPECT_EQ(chosen(options, product()), "lt7:b") << "timed choices serve processes that do not time";
  EXPECT_EQ(world_.timings, 0);
  EXPECT_EQ(content(), first);
  // What cannot be brought back is chosen anew: another version, or a library that is gone.
  options.tune = true;
  world_.cublas.offers = {{"lt8:a", 1}};
  EXPECT_EQ(chosen(options, product()), "1:");
  EXPECT_EQ(content().compare(0, first.size(), first), 0) << "lines are only ever appended";
  EXPECT_GT(content().size(), first.size());
}

TEST_F(ConvPlansTest, WhoeverAsksForALibraryIsNotHeldToTheFile) {
  const testing::ScratchFolder folder;
  ConvPlans::Options options{.cache_file = folder.file("plans")};
  EXPECT_EQ(chosen(options, product()), "1:");
  options.cublas = CublasUse::always;
  EXPECT_EQ(chosen(options, product()), "lt7:a");
  options.cublas = CublasUse::where_faster;
  EXPECT_EQ(chosen(options, product()), "lt7:a") << "the last line counts";
  options.cublas = CublasUse::never;
  EXPECT_EQ(chosen(options, product()), "1:");
}

TEST_F(ConvPlansTest, NothingStartsDuringCapture) {
  world_.capturing = true;
  const auto p = plans(tuned());
  EXPECT_THROW(p->find(product(), nullptr), Error);
  EXPECT_EQ(world_.cublas_starts, 0);
  world_.capturing = false;
  ConvPlans::Plan* plan = p->find(product(), nullptr);
  ASSERT_NE(plan, nullptr);
  std::vector<char> workspace(p->workspace_bytes(*plan));
  world_.capturing = true;
  EXPECT_THROW(p->run(*plan, {}, workspace.data(), nullptr), Error) << "nothing is timed, either";
  EXPECT_TRUE(world_.runs.empty());
  world_.capturing = false;
  p->run(*plan, {}, workspace.data(), nullptr);
  world_.capturing = true;
  EXPECT_NO_THROW(p->run(*plan, {}, workspace.data(), nullptr));
  EXPECT_EQ(p->find(product(), nullptr), plan);
}

TEST_F(ConvPlansTest, WhatDoesNotRunIsPassedOver) {
  world_.cublas.offers[1].fails = true;
  EXPECT_EQ(chosen(tuned(), product()), "2:");
  for (Library* l : {&world_.cudnn, &world_.cublas})
    for (Offer& o : l->offers) o.fails = true;
  const auto p = plans(tuned());
  EXPECT_THROW(chosen(*p, product()), Error);
}

TEST_F(ConvPlansTest, TimingLeavesResultsAlone) {
  world_.cublas.offers[0].workspace_bytes = 1000;
  world_.cublas.offers[1].workspace_bytes = 300;
  ConvCall call = product();
  call.epilogue = ConvEpilogue::add;
  const auto p = plans(tuned());
  ConvPlans::Plan& plan = p->get(call, nullptr);
  const size_t result_bytes = (size_t(call.output_count()) * 2 + 255) / 256 * 256;
  EXPECT_EQ(p->workspace_bytes(plan), result_bytes + 1000);
  std::vector<char> workspace(p->workspace_bytes(plan));
  int x, w, y;
  p->run(plan, {&x, &w, &y, nullptr}, workspace.data(), nullptr);
  EXPECT_EQ(p->workspace_bytes(plan), 300u);
  ASSERT_EQ(world_.operands.size(), 31u);
  for (size_t i = 0; i < 31; ++i) {
    EXPECT_EQ(world_.operands[i].x, &x);
    EXPECT_EQ(world_.operands[i].w, &w);
    EXPECT_EQ(world_.operands[i].y, i < 30 ? static_cast<void*>(workspace.data()) : &y) << i;
  }
}

TEST_F(ConvPlansTest, OfManyCandidatesTheBestFewAreTimed) {
  world_.cudnn.offers.clear();
  for (const char* text :
       {"1:a", "1:b", "1:c", "1:d", "1:e", "1:f", "1:g", "1:h", "1:i", "2:a", "2:b", "3:a", "4:a", "5:a", "6:a"})
    world_.cudnn.offers.push_back({text, 9});
  for (int i = 0; i < 20; ++i) world_.cublas.offers.push_back({cat("lt9:", i), 9});
  const auto p = plans(tuned());
  chosen(*p, product());
  std::vector<std::string> timed;
  for (const std::string& text : world_.runs)
    if (timed.empty() || timed.back() != text) timed.push_back(text);
  timed.pop_back();  // the run itself
  EXPECT_EQ(timed, (std::vector<std::string>{"1:a", "1:b", "1:c", "1:d", "1:e", "1:f", "1:g", "1:h", "2:a", "3:a",
                                             "4:a", "5:a", "lt7:a", "lt7:b", "lt9:0", "lt9:1", "lt9:2", "lt9:3"}));
}

TEST(ConvCalls, ProductsAreOneTapOnEveryPixel) {
  EXPECT_TRUE(product().is_product());
  EXPECT_FALSE(convolution().is_product());
  ConvCall dilated = product();
  dilated.problem.dilation = 6;  // of one tap it means nothing
  EXPECT_TRUE(dilated.is_product());
}

}  // namespace
}  // namespace segue
