// Marks a function that the CPU code and the kernels share.
#pragma once

#if defined(__CUDACC__)
#define SEGUE_HOST_DEVICE __host__ __device__ __forceinline__
#else
#define SEGUE_HOST_DEVICE inline
#endif
