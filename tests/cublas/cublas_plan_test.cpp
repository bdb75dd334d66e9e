// Convolutions as products by cuBLASLt, against a fake of it that computes what it is told to on the CPU, and as far as it goes without
// a device against the library itself.
#include "kernels/cublas_plan.h"

#include <gtest/gtest.h>

#include "fake_cublaslt.h"
#include "kernels/conv_plans.h"
#include "tests/cases/conv_reference.h"
#include "tests/files.h"
#include "tests/tolerance.h"

namespace segue {
namespace {

using cases::Array;
using cases::Buffer;
using testing::FakeCublasLt;

constexpr size_t kLimitBytes = size_t(64) << 20;

struct Size {
  int64_t n, h, w, c, k;
};
/// One pixel, one over a block, odd extents; pitches of 8 and 24, and channels without padding.
const Size kSizes[] = {{1, 1, 1, 8, 8},   {1, 1, 1, 24, 8},   {2, 5, 7, 8, 24},  {1, 33, 19, 24, 40}, {1, 257, 3, 8, 8},
                       {1, 1, 3, 769, 1}, {1, 3, 11, 19, 33}, {3, 9, 5, 64, 19}, {1, 3, 5, 128, 64}};

ConvCall call_of(const Size& s, ConvOp op, ConvEpilogue epilogue, DType type, bool tensor_cores = true) {
  return {op, {s.n, s.h, s.w, s.c, s.k, 1, 1, s.h, s.w, 1, 0, 1}, type, tensor_cores, epilogue};
}

/// Every call that the launchers make.
template <class F>
void for_each_call(F&& f) {
  struct Type {
    DType type;
    bool tensor_cores;
  };
  for (const Size& s : kSizes)
    for (const Type t : {Type{DType::f32, false}, {DType::f32, true}, {DType::bf16, true}, {DType::f16, true}})
      for (const ConvOp op : {ConvOp::forward, ConvOp::input_gradient, ConvOp::filter_gradient})
        for (const ConvEpilogue e : {ConvEpilogue::store, ConvEpilogue::add, ConvEpilogue::bias}) {
          if (e == ConvEpilogue::bias && op != ConvOp::forward) continue;
          const ConvCall call = call_of(s, op, e, t.type, t.tensor_cores);
          SCOPED_TRACE(name_of(call));
          f(call);
        }
}

/// Memory of a plan, with a guard zone behind it.
class Workspace {
 public:
  explicit Workspace(size_t bytes) : buffer_({int64_t(bytes)}, DType::u8) {}
  void* data() { return buffer_.view().data; }
  bool intact() const { return buffer_.guards_intact(); }

 private:
  Buffer buffer_;
};

/// The operands of a call, and what must come out.
struct Operands {
  Buffer x, w, y, bias;
  Array want;
  int64_t longest_sum = 0;

  explicit Operands(const ConvCall& call) {
    const auto& f = call.problem;
    // tf32 holds what bf16 holds, so its products are those of f32.
    const auto values = [&](const Shape& shape, int seed) {
      const Array raw = cases::uniform(shape, -1, 1, uint64_t(seed));
      return call.dtype == DType::f32 && call.tensor_cores ? Buffer(raw, DType::bf16).array() : raw;
    };
    const auto buffer = [&](const Shape& shape, int seed) { return Buffer(values(shape, seed), call.dtype); };
    x = buffer({f.n, f.h, f.w, f.c}, 1);
    w = buffer({f.k, 1, 1, f.c}, 2);
    y = buffer({f.n, f.p, f.q, f.k}, 3);
    bias = buffer({f.k}, 4);
    Buffer& result = output(call.op);
    want = call.epilogue == ConvEpilogue::add ? result.array() : Array(result.shape());
    longest_sum = (call.op == ConvOp::forward          ? f.c
                   : call.op == ConvOp::input_gradient ? f.k
                                                       : f.out_pixels()) +
                  (call.epilogue != ConvEpilogue::store);
    if (call.op == ConvOp::forward) cases::conv_forward(x.array(), w.array(), want, {});
    if (call.op == ConvOp::input_gradient) cases::conv_input_gradient(y.array(), w.array(), want, {});
    if (call.op == ConvOp::filter_gradient) cases::conv_filter_gradient(x.array(), y.array(), want, {});
    if (call.epilogue == ConvEpilogue::bias) cases::add_bias(bias.array(), want);
  }

  Buffer& output(ConvOp op) { return op == ConvOp::forward ? y : op == ConvOp::input_gradient ? x : w; }
  /// Views of fresh copies: every run starts from the same.
  ConvOperands fresh(const ConvCall& call) {
    x_ = clone(x), w_ = clone(w), y_ = clone(y);
    return {x_.view().data, w_.view().data, y_.view().data,
            call.epilogue == ConvEpilogue::bias ? bias.view().data : nullptr};
  }
  Buffer& computed(ConvOp op) { return op == ConvOp::forward ? y_ : op == ConvOp::input_gradient ? x_ : w_; }
  void expect_right(const ConvCall& call) {
    for (const auto& [now, then] : {std::pair(&x_, &x), {&w_, &w}, {&y_, &y}}) {
      EXPECT_TRUE(now->guards_intact());
      if (now == &computed(call.op)) continue;
      EXPECT_EQ(now->payload(), then->payload()) << "an input was written";
    }
    const Array got = computed(call.op).array();
    const testing::Tolerance tolerance(call.dtype, longest_sum);
    const double rms = testing::rms(want.v);
    for (int64_t i = 0; i < got.count(); ++i)
      ASSERT_LE(std::abs(got[i] - want[i]), tolerance.allowed(want[i], rms))
          << "element " << i << ": " << got[i] << ", want " << want[i];
  }

 private:
  Buffer x_, w_, y_;
};

class CublasPlan : public ::testing::Test {
 protected:
  void SetUp() override {
    FakeCublasLt::state() = {};
    std::string problem;
    library_ = cublas::library(FakeCublasLt::functions(), problem);
    ASSERT_NE(library_, nullptr) << problem;
  }
  void TearDown() override {
    library_.reset();
    EXPECT_EQ(FakeCublasLt::state().live, 0) << "descriptors that were not destroyed";
  }
  std::vector<std::unique_ptr<ConvCandidate>> candidates(const ConvCall& call, size_t limit_bytes = kLimitBytes) {
    std::vector<std::unique_ptr<ConvCandidate>> all;
    library_->for_each_candidate(call, limit_bytes, [&](std::unique_ptr<ConvCandidate> c) {
      all.push_back(std::move(c));
      return true;
    });
    return all;
  }
  static void run(ConvCandidate& c, const ConvOperands& operands) {
    Workspace workspace(c.workspace_bytes());
    c.run(operands, workspace.data(), nullptr);
    EXPECT_TRUE(workspace.intact());
  }

  std::unique_ptr<ConvLibrary> library_;
};

TEST_F(CublasPlan, EveryCandidateOfEveryCallEqualsTheReference) {
  int products = 0;
  for_each_call([&](const ConvCall& call) {
    Operands operands(call);
    const auto all = candidates(call);
    ASSERT_GE(all.size(), 1u) << FakeCublasLt::state().refusal;
    for (const auto& c : all) {
      run(*c, operands.fresh(call));
      operands.expect_right(call);
      ++products;
    }
  });
  EXPECT_EQ(FakeCublasLt::state().products, products);
  EXPECT_GT(products, 400);
}

TEST_F(CublasPlan, NothingIsRoundedOnTheWay) {
  std::set<uint32_t> schemes;
  for_each_call([&](const ConvCall& call) {
    Operands operands(call);
    for (const auto& c : candidates(call)) {
      run(*c, operands.fresh(call));
      const FakeCublasLt& fake = FakeCublasLt::state();
      EXPECT_FALSE(fake.last_flags & CUBLASLT_NUMERICAL_IMPL_FLAGS_ACCUMULATOR_16F);
      EXPECT_EQ(fake.asked_schemes, uint32_t(CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE))
          << "others would take their places";
      EXPECT_EQ(fake.asked_align_bytes, 16u) << "what ConvOperands promises";
      schemes.insert(fake.last_scheme);
      if (call.dtype != DType::f32) {
        EXPECT_EQ(fake.last_compute, CUBLAS_COMPUTE_32F);
      } else if (call.tensor_cores) {
        EXPECT_EQ(fake.last_compute, CUBLAS_COMPUTE_32F_FAST_TF32);
      } else {
        EXPECT_EQ(fake.last_compute, CUBLAS_COMPUTE_32F_PEDANTIC);
        EXPECT_FALSE(fake.last_flags & CUBLASLT_NUMERICAL_IMPL_FLAGS_TENSOR_OP_MASK);
      }
    }
  });
  EXPECT_EQ(schemes, (std::set<uint32_t>{CUBLASLT_REDUCTION_SCHEME_NONE, CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE}));
}

TEST_F(CublasPlan, WorkspaceStaysWithinTheLimit) {
  const ConvCall call = call_of({1, 33, 19, 24, 40}, ConvOp::forward, ConvEpilogue::store, DType::bf16);
  size_t most = 0;
  for (const auto& c : candidates(call)) most = std::max(most, c->workspace_bytes());
  ASSERT_GT(most, 0u);
  EXPECT_LE(most, kLimitBytes);
  const auto narrow = candidates(call, most - 1);
  EXPECT_LT(narrow.size(), candidates(call).size());
  for (const auto& c : narrow) EXPECT_LT(c->workspace_bytes(), most);
  EXPECT_FALSE(candidates(call, 0).empty());
}

TEST_F(CublasPlan, TextsBringBackTheSamePlans) {
  for_each_call([&](const ConvCall& call) {
    Operands operands(call);
    for (const auto& c : candidates(call)) {
      const auto again = library_->restore(call, kLimitBytes, c->text());
      ASSERT_NE(again, nullptr) << c->text();
      EXPECT_EQ(again->text(), c->text());
      EXPECT_EQ(again->workspace_bytes(), c->workspace_bytes());
      run(*c, operands.fresh(call));
      const auto bits = operands.computed(call.op).payload();
      run(*again, operands.fresh(call));
      EXPECT_EQ(operands.computed(call.op).payload(), bits);
    }
  });
}

TEST_F(CublasPlan, TextsOfAnotherVersionMeanNothing) {
  const ConvCall call = call_of({2, 5, 7, 8, 24}, ConvOp::forward, ConvEpilogue::bias, DType::bf16);
  const std::string text = candidates(call).at(0)->text();
  EXPECT_NE(library_->restore(call, kLimitBytes, text), nullptr);
  FakeCublasLt::state().version = 130101;
  EXPECT_EQ(library_->restore(call, kLimitBytes, text), nullptr);
}

TEST_F(CublasPlan, HostileTextsReachNothing) {
  const ConvCall call = call_of({2, 5, 7, 8, 24}, ConvOp::forward, ConvEpilogue::store, DType::bf16);
  const auto refused = [&](const std::string& text) {
    EXPECT_EQ(library_->restore(call, kLimitBytes, text), nullptr) << text;
  };
  const std::string good = candidates(call).at(0)->text();
  for (size_t i = 0; i < good.size(); ++i) {
    refused(good.substr(0, i));
    for (const char other : {'0', 'f', ':', '-', ' ', '\t', '\0', '\xff'}) {
      std::string text = good;
      text[i] = other;
      if (text != good) refused(text);
    }
  }
  for (const std::string text : {"", ":", "cublaslt", "cublaslt130100", "cublaslt130100:", "67:2=5,14=3"})
    refused(text);
  refused(good + '0');
  refused(' ' + good);
  refused(std::string(1 << 20, 'f'));
  refused("cublaslt130100:" + std::string(128, 'f') + ':' + std::string(16, 'f'));
}

// Well-formed, undamaged, and yet no plan of this call: the library is asked, and what it takes must be allowed.
TEST_F(CublasPlan, ForeignAlgorithmsAreCheckedByTheLibrary) {
  const ConvCall call = call_of({2, 5, 7, 8, 24}, ConvOp::forward, ConvEpilogue::store, DType::bf16);
  const int64_t version = library_->version();
  const auto restored = [&](const cublasLtMatmulAlgo_t& a, const ConvCall& of, size_t limit = kLimitBytes) {
    return library_->restore(of, limit, cublas::text_of(a, version)) != nullptr;
  };
  EXPECT_FALSE(restored({{1, 2, 3, 4, 5, 6, 7, 8}}, call));
  cublasLtMatmulAlgo_t known{};
  ASSERT_TRUE(cublas::parse(candidates(call).at(0)->text(), version, known));
  EXPECT_TRUE(restored(known, call));
  int taken = 0;
  for (uint64_t i = 0; i < 12; ++i) {
    known.data[1] = i;  // the fake's catalogue: some round partial sums or sum in f16, some want too much workspace
    taken += restored(known, call);
  }
  EXPECT_EQ(taken, int(candidates(call).size()));
  ASSERT_TRUE(cublas::parse(candidates(call).at(0)->text(), version, known));
  EXPECT_FALSE(restored(known, call_of({1, 3, 11, 19, 33}, ConvOp::forward, ConvEpilogue::store, DType::bf16)))
      << "rows of 38 bytes";
  EXPECT_FALSE(restored(known, call_of({2, 5, 7, 8, 24}, ConvOp::forward, ConvEpilogue::store, DType::f32, false)))
      << "tensor cores where none may be used";
}

TEST_F(CublasPlan, OtherConvolutionsAreNone) {
  ConvCall call = call_of({2, 5, 7, 8, 24}, ConvOp::forward, ConvEpilogue::store, DType::bf16);
  const std::string text = candidates(call).at(0)->text();
  const kernels::conv::Problem product = call.problem;
  for (const auto& change : {+[](kernels::conv::Problem& f) { f.stride = 2, f.p = 3, f.q = 4; },
                             +[](kernels::conv::Problem& f) { f.pad = 1, f.p += 2, f.q += 2; },
                             +[](kernels::conv::Problem& f) { f.r = 3, f.p -= 2; },
                             +[](kernels::conv::Problem& f) { f.h = f.p = int64_t(1) << 31; }}) {
    call.problem = product;
    change(call.problem);
    EXPECT_FALSE(call.is_product());
    EXPECT_TRUE(candidates(call).empty());
    EXPECT_EQ(library_->restore(call, kLimitBytes, text), nullptr);
  }
}

TEST_F(CublasPlan, FailuresSayWhatFailed) {
  const ConvCall call = call_of({2, 5, 7, 8, 24}, ConvOp::forward, ConvEpilogue::add, DType::bf16);
  FakeCublasLt::state().heuristic = CUBLAS_STATUS_NOT_SUPPORTED;
  EXPECT_TRUE(candidates(call).empty());
  FakeCublasLt::state().heuristic = CUBLAS_STATUS_INTERNAL_ERROR;
  try {
    candidates(call);
    FAIL() << "an internal error";
  } catch (const Error& e) {
    EXPECT_EQ(e.fault(), Fault::device);
    EXPECT_NE(std::string(e.what()).find("asking for algorithms"), std::string::npos) << e.what();
  }
  FakeCublasLt::state().heuristic = CUBLAS_STATUS_SUCCESS;
  Operands operands(call);
  ConvOperands misaligned = operands.fresh(call);
  misaligned.y = static_cast<char*>(misaligned.y) + 2;
  try {
    run(*candidates(call).at(0), misaligned);
    FAIL() << "a misaligned operand";
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find(name_of(call)), std::string::npos) << e.what();
  }
}

TEST(CublasStart, ALibraryThatDoesNotStartSaysWhy) {
  FakeCublasLt::state() = {};
  FakeCublasLt::state().create = CUBLAS_STATUS_NOT_INITIALIZED;
  std::string problem;
  EXPECT_EQ(cublas::library(FakeCublasLt::functions(), problem), nullptr);
  EXPECT_EQ(problem, "cuBLASLt does not start: the fake does not start");
}

// The library itself takes what segue says of products, as far as it can be asked without a device: every descriptor, attribute and
// preference by number and size, up to the handle that is missing.
TEST(CublasLibrary, TheLibraryTakesEveryDescription) {
  std::string problem;
  const cublas::Functions* lt = cublas::Functions::open(problem);
  if (!lt) GTEST_SKIP() << problem;
  EXPECT_EQ(int64_t(lt->GetVersion()) / 10000, CUBLAS_VER_MAJOR);
  for_each_call([&](const ConvCall& call) {
    const cublas::Product product(*lt, call);
    try {
      product.algorithms(nullptr, kLimitBytes, 1);
      ADD_FAILURE() << "answers without a handle";
    } catch (const Error& e) {
      EXPECT_NE(std::string(e.what()).find("asking for algorithms"), std::string::npos) << e.what();
    }
  });
}

/// cuDNN has nothing here, cuBLASLt is the fake, and time stands still.
class Machine : public ConvMachine {
 public:
  std::string device() override { return "fake"; }
  int compute_capability_major() override { return 9; }
  ConvLibrary& cudnn() override { return none_; }
  ConvLibrary* cublas() override {
    if (!cublas_) cublas_ = cublas::library(FakeCublasLt::functions(), problem_);
    return cublas_.get();
  }
  std::string cublas_problem() override { return problem_; }
  bool capturing(CUstream_st*) override { return false; }
  float time_ms(CUstream_st*, const std::function<void()>& queue) override {
    queue();
    return 1;
  }

 private:
  class None : public ConvLibrary {
    const char* name() const override { return "cuDNN"; }
    int64_t version() const override { return 91900; }
    void for_each_candidate(const ConvCall&, size_t,
                            const std::function<bool(std::unique_ptr<ConvCandidate>)>&) override {}
    std::unique_ptr<ConvCandidate> restore(const ConvCall&, size_t, const std::string&) override { return nullptr; }
  };
  None none_;
  std::unique_ptr<ConvLibrary> cublas_;
  std::string problem_;
};

// Timed or not: the workspace that ConvPlans asks for is enough, what is added to is added to once, and the file brings the plan back.
TEST(CublasPlans, RunThroughConvPlans) {
  FakeCublasLt::state() = {};
  const testing::ScratchFolder folder;
  for (const bool tune : {false, true})
    for_each_call([&](const ConvCall& call) {
      const ConvPlans::Options options{
          .workspace_limit_bytes = kLimitBytes, .tune = tune, .cache_file = folder.file(tune ? "timed" : "guessed")};
      Operands operands(call);
      std::string tables[2];
      for (std::string& table : tables) {
        ConvPlans plans(options, std::make_unique<Machine>());
        ConvPlans::Plan& plan = plans.get(call, nullptr);
        Workspace workspace(plans.workspace_bytes(plan));
        plans.run(plan, operands.fresh(call), workspace.data(), nullptr);
        operands.expect_right(call);
        EXPECT_TRUE(workspace.intact());
        table = plans.table();
      }
      EXPECT_EQ(tables[0], tables[1]);
      EXPECT_NE(tables[0].find(" cuBLASLt cublaslt130100:"), std::string::npos) << tables[0];
    });
  EXPECT_EQ(FakeCublasLt::state().live, 0);
}

}  // namespace
}  // namespace segue
