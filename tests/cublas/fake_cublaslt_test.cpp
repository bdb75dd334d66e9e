// The fake itself: products worked out by hand, and every refusal.
#include "fake_cublaslt.h"

#include <gtest/gtest.h>

#include <cstring>

namespace segue {
namespace {

using testing::FakeCublasLt;

const cublas::Functions& lt() { return FakeCublasLt::functions(); }

/// D (2x2) = A (2x3) B (3x2) + beta C in f32, column-major, until a test changes it.
struct Call {
  cublasComputeType_t compute = CUBLAS_COMPUTE_32F;
  cudaDataType type = CUDA_R_32F, result = CUDA_R_32F;
  int64_t a_rows = 2, a_columns = 3, a_ld = 2, b_rows = 3, b_columns = 2, b_ld = 3, d_rows = 2, d_columns = 2, d_ld = 2;
  cublasOperation_t turn_a = CUBLAS_OP_N, turn_b = CUBLAS_OP_N;
  const void* bias = nullptr;
  int32_t bias_type = -1;
  uint64_t algorithm = 8;  // of the fake's catalogue: any address
  float beta = 0;
  size_t workspace_bytes = 0;
  alignas(16) float a[6] = {1, 4, 2, 5, 3, 6};   // 1 2 3 / 4 5 6
  alignas(16) float b[6] = {1, 2, 3, -1, 0, 1};  // 1 -1 / 2 0 / 3 1
  alignas(16) float d[6] = {10, 20, 30, 40, 0, 0};
  alignas(16) char workspace[256] = {};

  cublasStatus_t run() {
    FakeCublasLt::state() = {};
    cublas::Descriptor<cublasLtMatmulDesc_t> x(lt().MatmulDescDestroy);
    cublas::Descriptor<cublasLtMatrixLayout_t> al(lt().MatrixLayoutDestroy), bl(lt().MatrixLayoutDestroy),
        dl(lt().MatrixLayoutDestroy);
    lt().MatmulDescCreate(x.address(), compute, CUDA_R_32F);
    lt().MatmulDescSetAttribute(x.raw(), CUBLASLT_MATMUL_DESC_TRANSA, &turn_a, sizeof turn_a);
    lt().MatmulDescSetAttribute(x.raw(), CUBLASLT_MATMUL_DESC_TRANSB, &turn_b, sizeof turn_b);
    if (bias) {
      const cublasLtEpilogue_t epilogue = CUBLASLT_EPILOGUE_BIAS;
      lt().MatmulDescSetAttribute(x.raw(), CUBLASLT_MATMUL_DESC_EPILOGUE, &epilogue, sizeof epilogue);
      lt().MatmulDescSetAttribute(x.raw(), CUBLASLT_MATMUL_DESC_BIAS_POINTER, &bias, sizeof bias);
      lt().MatmulDescSetAttribute(x.raw(), CUBLASLT_MATMUL_DESC_BIAS_DATA_TYPE, &bias_type, sizeof bias_type);
    }
    lt().MatrixLayoutCreate(al.address(), type, uint64_t(a_rows), uint64_t(a_columns), a_ld);
    lt().MatrixLayoutCreate(bl.address(), type, uint64_t(b_rows), uint64_t(b_columns), b_ld);
    lt().MatrixLayoutCreate(dl.address(), result, uint64_t(d_rows), uint64_t(d_columns), d_ld);
    cublasLtHandle_t handle = nullptr;
    lt().Create(&handle);
    const cublasLtMatmulAlgo_t chosen{{0x5e90e0001, algorithm}};
    const float one = 1;
    const cublasStatus_t status = lt().Matmul(handle, x.raw(), &one, a, al.raw(), b, bl.raw(), &beta, d, dl.raw(), d,
                                              dl.raw(), &chosen, workspace, workspace_bytes, nullptr);
    lt().Destroy(handle);
    return status;
  }
  std::vector<float> result_of_run() {
    EXPECT_EQ(run(), CUBLAS_STATUS_SUCCESS) << FakeCublasLt::state().refusal;
    return {d, d + 4};
  }
};

TEST(FakeCublasLt, ProductsAsWorkedOutByHand) {
  EXPECT_EQ(Call{}.result_of_run(), (std::vector<float>{14, 32, 2, 2}));
  Call sum;
  sum.beta = 1;
  EXPECT_EQ(sum.result_of_run(), (std::vector<float>{24, 52, 32, 42}));
  Call
      turned;  // the memory of A read as (3,2), turned: rows 1 4 2, 5 3 6; that of B as (2,3), turned: columns 1 3 0, 2 -1 1
  turned.turn_a = turned.turn_b = CUBLAS_OP_T;
  turned.a_rows = turned.a_ld = 3, turned.a_columns = 2, turned.b_rows = turned.b_ld = 2, turned.b_columns = 3;
  EXPECT_EQ(turned.result_of_run(), (std::vector<float>{13, 14, 0, 13}));
  const float row[] = {100, 200};
  Call biased;  // of the row, in every column
  biased.bias = row;
  EXPECT_EQ(biased.result_of_run(), (std::vector<float>{114, 232, 102, 202}));
}

TEST(FakeCublasLt, Tf32RoundsOperands) {
  Call call;
  call.a[0] = 1 + 0x1p-12f;  // lost in tf32, kept in f32
  EXPECT_EQ(call.result_of_run()[0], 14 + 0x1p-12f);
  call.compute = CUBLAS_COMPUTE_32F_FAST_TF32;
  EXPECT_EQ(call.result_of_run()[0], 14);
}

// 1 + half an ulp and 1 + three halves, as 1 x 1 + s x 1.
TEST(FakeCublasLt, NarrowTypesRoundToNearestEven) {
  struct Half {
    cudaDataType type;
    uint16_t one, s, want;
  };
  for (const Half& h : {Half{CUDA_R_16BF, 0x3f80, 0x3b80, 0x3f80},
                        {CUDA_R_16BF, 0x3f80, 0x3c40, 0x3f82},
                        {CUDA_R_16F, 0x3c00, 0x1000, 0x3c00},
                        {CUDA_R_16F, 0x3c00, 0x1600, 0x3c02}}) {
    Call call;
    call.type = call.result = h.type;
    call.a_rows = call.a_ld = call.b_columns = call.d_rows = call.d_columns = call.d_ld = 1;
    call.a_columns = call.b_rows = call.b_ld = 2;
    const uint16_t a[] = {h.one, h.s}, b[] = {h.one, h.one};
    std::memcpy(call.a, a, sizeof a);
    std::memcpy(call.b, b, sizeof b);
    EXPECT_EQ(call.run(), CUBLAS_STATUS_SUCCESS);
    EXPECT_EQ(std::memcmp(call.d, &h.want, sizeof h.want), 0);
  }
}

TEST(FakeCublasLt, RefusesWhatTheManualSaysIsRefused) {
  const auto refused = [](const char* why, auto change) {
    Call call;
    change(call);
    EXPECT_NE(call.run(), CUBLAS_STATUS_SUCCESS) << why;
    EXPECT_EQ(FakeCublasLt::state().refusal, why);
    EXPECT_EQ(FakeCublasLt::state().products, 0);
  };
  alignas(16) static const float bias[2] = {};
  refused("a leading dimension below the rows", [](Call& c) { c.a_ld = 1; });
  refused("a leading dimension below the rows", [](Call& c) { c.d_ld = 1; });
  refused("inner extents that differ", [](Call& c) { c.b_rows = 2; });
  refused("inner extents that differ", [](Call& c) { c.turn_b = CUBLAS_OP_T; });
  refused("a result of another shape", [](Call& c) { c.d_columns = 1; });
  refused("types that do not go together", [](Call& c) { c.result = CUDA_R_16BF; });
  refused("tf32 of another type than f32", [](Call& c) {
    c.type = c.result = CUDA_R_16F;
    c.compute = CUBLAS_COMPUTE_32F_FAST_TF32;
  });
  refused("a bias of another type than D", [](Call& c) { c.bias = bias, c.bias_type = CUDA_R_16BF; });
  refused("no algorithm, or one for other matrices", [](Call& c) { c.algorithm = 9; });
  refused("no algorithm, or one for other matrices", [](Call& c) { c.algorithm = 5; });  // rows of 8 bytes
  refused("less workspace than the algorithm wants, or misaligned", [](Call& c) {
    c.algorithm = 7;  // three partial results
    c.a_rows = c.a_ld = c.b_columns = c.d_rows = c.d_ld = c.d_columns = 4, c.a_columns = c.b_rows = 1, c.b_ld = 4;
    c.workspace_bytes = 3 * 16 * 4 - 1;
  });
}

TEST(FakeCublasLt, RefusesAttributesOfAnotherSize) {
  FakeCublasLt::state() = {};
  cublas::Descriptor<cublasLtMatmulDesc_t> x(lt().MatmulDescDestroy);
  lt().MatmulDescCreate(x.address(), CUBLAS_COMPUTE_32F, CUDA_R_32F);
  const int64_t wide = 1;
  EXPECT_EQ(lt().MatmulDescSetAttribute(x.raw(), CUBLASLT_MATMUL_DESC_TRANSA, &wide, sizeof wide),
            CUBLAS_STATUS_INVALID_VALUE);
  EXPECT_EQ(lt().MatmulDescSetAttribute(x.raw(), CUBLASLT_MATMUL_DESC_TRANSA, nullptr, 4), CUBLAS_STATUS_INVALID_VALUE);
}

}  // namespace
}  // namespace segue
