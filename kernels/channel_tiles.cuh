// Loops over pixels with something per channel, for CUDA kernels: a thread keeps a pack of channels and walks over
// pixels, so that what belongs to a channel stays in registers; and sums over pixels, in two launches.
#pragma once

#include "device.cuh"
#include "host_device.h"

namespace segue::gpu {
inline namespace SEGUE_GPU_BACKEND {

constexpr int kTileThreads = 256;

/// Channels of a thread, where pitch and addresses allow; with twice as many, what a thread keeps of each of them would
/// not leave enough registers to have several loads in flight.
constexpr int kTilePack = 4;
/// Pixels that a thread reads before it uses the first of them: 32 bytes of each operand.
template <class T>
constexpr int kTileSteps = 32 / int(kTilePack * sizeof(T));

/// Blocks of a pass that leaves partial sums: whole waves of 4 or 8 on each of 132 multiprocessors, and few enough that
/// adding the partial sums costs next to nothing.
constexpr int64_t kSumBlocks = 1056;
/// Blocks of a pass that maps pixels to pixels: more of them, since what they start with is all that they cost.
constexpr int64_t kMapBlocks = 2112;

/// How `groups` times `pixels` pixels are cut into blocks of threads: each has a chunk of the pixels of one group, and
/// a slice of the channels, `lanes` packs wide. Neighbouring threads have neighbouring packs, then neighbouring pixels;
/// neighbouring blocks have neighbouring slices, then chunks, then groups.
struct ChannelTiles {
  static constexpr int kMaxLanes = 32;  // 256 bytes side by side, or more, make full memory transactions
  static constexpr int kMaxFoldRows = 64;
  static constexpr int kMinSteps = 4;  // pixels of a thread, at least, where there are so many

  int64_t groups, pixels;
  int channels, pitch, lanes, rows, slices, chunk, chunks;
  int fold_rows = 1;  ///< threads that share the partial sums of a channel: a power of two

  /// For images of at least one channel, in packs of `pack` channels; at most `most_blocks` blocks unless
  /// groups and slices are more.
  ChannelTiles(int64_t groups, int64_t pixels, const View& image, int pack, int64_t most_blocks)
      : groups(groups), pixels(pixels), channels(int(image.channels())), pitch(int(image.pitch)) {
    const auto parts = [](int64_t n, int64_t size) { return (n + size - 1) / size; };
    const int64_t packs = parts(pitch, pack);
    lanes = int(parts(packs, parts(packs, kMaxLanes)));
    rows = kTileThreads / lanes;
    slices = int(parts(packs, lanes));
    const int64_t steps = std::max<int64_t>(1, parts(pixels, rows));
    const int64_t most = std::min(std::max<int64_t>(1, most_blocks / (groups * slices)), max_blocks());
    const int64_t pixels_of_block = parts(steps, std::min(parts(steps, kMinSteps), most)) * rows;
    chunks = int(parts(pixels, pixels_of_block));
    require(pixels_of_block < (int64_t{1} << 30) && groups * slices * chunks < (int64_t{1} << 31), "channel_tiles",
            "expects below 2^30 pixels in a block and 2^31 blocks; got ", pixels_of_block, " and ",
            groups * slices * chunks);
    chunk = int(pixels_of_block);
    while (2 * fold_rows <= chunks && fold_rows < kMaxFoldRows) fold_rows *= 2;
  }

  dim3 grid() const { return dim3(unsigned(groups * chunks * slices)); }
  /// Channels of all slices: the width of a row of partial sums.
  SEGUE_HOST_DEVICE int64_t width(int pack) const { return int64_t(slices) * lanes * pack; }
  /// Doubles for `sums` partial sums of every channel and chunk.
  int64_t partials(int sums, int pack) const { return groups * chunks * sums * width(pack); }
};

/// What the calling thread has of tile number `block`: a pack of N channels of every `rows`-th pixel of a chunk.
template <int N>
struct ChannelTile {
  int lanes, rows, lane, row;
  int channel;           ///< the first of the pack
  int pixels;            ///< of the chunk
  bool active;           ///< false for threads without a pack
  int64_t group, strip;  ///< strip: number of the chunk among those of all groups
  int64_t pixel;         ///< number of the chunk's first pixel among those of all groups
  int64_t element;       ///< of the pack in that pixel

  __device__ __forceinline__ ChannelTile(const ChannelTiles& t, unsigned block) : lanes(t.lanes), rows(t.rows) {
    const unsigned slice = block % unsigned(t.slices), number = block / unsigned(t.slices);
    const int64_t first = int64_t(number % unsigned(t.chunks)) * t.chunk;
    group = number / unsigned(t.chunks);
    strip = number;
    lane = int(threadIdx.x % unsigned(lanes));
    row = int(threadIdx.x / unsigned(lanes));
    channel = (int(slice) * lanes + lane) * N;
    pixels = int(min(int64_t(t.chunk), t.pixels - first));
    active = row < rows && channel < t.pitch;
    pixel = group * t.pixels + first;
    element = pixel * t.pitch + channel;
  }
  /// Pixels that a row of threads has.
  __device__ __forceinline__ int pixels_of(int r) const { return r < pixels ? (pixels - r - 1) / rows + 1 : 0; }
};

/// A pack on its way from a load to its use: still in the registers that it was loaded into, of which unpacking 16-bit
/// elements takes twice as many.
template <class T, int N>
struct LoadedPack {
  std::conditional_t<N == 1, T, typename Pack<T, N>::Raw> raw;

  static __device__ __forceinline__ LoadedPack at(const T* p) { return {*reinterpret_cast<const decltype(raw)*>(p)}; }
  __device__ __forceinline__ void get(float (&v)[N]) const {
    Pack<T, N> pack;
    memcpy(&pack, &raw, sizeof pack);
    to_floats(pack, v);
  }
};

/// Calls use(element, i, read(element, i)) for the packs of the calling thread, i = number of the pixel in the chunk; U
/// of them are read before the first is used.
template <int U, int N, class Read, class Use>
__device__ __forceinline__ void for_numbered_tile_pixels(const ChannelTile<N>& t, int pitch, Read read, Use use) {
  if (!t.active) return;
  const int64_t step = int64_t(t.rows) * pitch;
  int64_t e = t.element + int64_t(t.row) * pitch;
  for (int i = t.row; i < t.pixels; i += U * t.rows, e += U * step) {
    decltype(read(e, i)) values[U];
#pragma unroll
    for (int u = 0; u < U; ++u)
      if (i + u * t.rows < t.pixels) values[u] = read(e + u * step, i + u * t.rows);
#pragma unroll
    for (int u = 0; u < U; ++u)
      if (i + u * t.rows < t.pixels) use(e + u * step, i + u * t.rows, values[u]);
  }
}
/// The same without i.
template <int U, int N, class Read, class Use>
__device__ __forceinline__ void for_tile_pixels(const ChannelTile<N>& t, int pitch, Read read, Use use) {
  for_numbered_tile_pixels<U>(
      t, pitch, [&](int64_t e, int) { return read(e); }, [&](int64_t e, int, auto v) { use(e, v); });
}

/// Where pixels lie in an image of another pitch than the tiles', which then has below 2^31 of them.
class OtherPitch {
 public:
  /// `wider`: that pitch less the tiles'.
  template <int N>
  __device__ __forceinline__ OtherPitch(const ChannelTile<N>& t, int wider)
      : first_(unsigned(t.pixel)), wider_(wider) {}
  /// Place of the pack that is `element` at the tiles' pitch, of pixel i of the chunk.
  __device__ __forceinline__ int64_t operator()(int64_t element, int i) const {
    return element + int64_t(int(first_ + unsigned(i))) * wider_;
  }

 private:
  unsigned first_;
  int wider_;
};

/// Adds what the threads of a block have of each channel, K values, to Q sums in f64, and stores them as the partial
/// sums of the chunk. for_channel(c) gives the function add(row, values, sums) of a channel. All threads must call.
template <int Q, int K, int N, class ForChannel>
__device__ __forceinline__ void store_partials(const ChannelTiles& tiles, const ChannelTile<N>& t,
                                               const float (&values)[K][N], double* partials, ForChannel for_channel) {
  constexpr int kPadded = kTileThreads + 8;  // so that the places j of neighbouring lanes lie in different banks
  SEGUE_SHARED(of_thread, float[K][N][kPadded]);
  SEGUE_SHARED(of_part, double[Q][kTileThreads]);
#pragma unroll
  for (int k = 0; k < K; ++k)
#pragma unroll
    for (int j = 0; j < N; ++j) of_thread[k][j][threadIdx.x] = values[k][j];
  __syncthreads();
  // The rows of a channel are shared out among `parts` threads.
  const int width = t.lanes * N, parts = kTileThreads / width;
  const int column = int(threadIdx.x) % width, part = int(threadIdx.x) / width;
  const int lane = column % t.lanes, j = column / t.lanes;
  const int channel = t.channel + (lane - t.lane) * N + j;
  double sums[Q] = {};
  if (part < parts) {
    const auto add = for_channel(channel);
    for (int r = part; r < t.rows; r += parts) {
      float v[K];
#pragma unroll
      for (int k = 0; k < K; ++k) v[k] = of_thread[k][j][r * t.lanes + lane];
      add(r, v, sums);
    }
#pragma unroll
    for (int q = 0; q < Q; ++q) of_part[q][threadIdx.x] = sums[q];
  }
  __syncthreads();
  if (part > 0) return;
#pragma unroll
  for (int q = 0; q < Q; ++q) {
    for (int p = 1; p < parts; ++p) sums[q] += of_part[q][p * width + column];
    partials[(t.strip * Q + q) * tiles.width(N) + channel] = sums[q];
  }
}

/// Adds the partial sums of the chunks of each group; f(group, channel, sums) once for every channel. All threads of
/// the grid, of fold_grid(tiles), must call. `width` is that of the rows of partial sums.
template <int Q, class F>
__device__ __forceinline__ void fold_partials(const ChannelTiles& tiles, int64_t width, const double* partials, F f) {
  SEGUE_SHARED(of_thread, double[Q][kTileThreads]);
  const int rows = tiles.fold_rows, columns = kTileThreads / rows, runs = (tiles.channels + columns - 1) / columns;
  const int row = int(threadIdx.x) / columns, column = int(threadIdx.x) % columns;
  for (int64_t item = blockIdx.x; item < tiles.groups * runs; item += gridDim.x) {
    const int64_t group = item / runs;
    const int channel = int(item % runs) * columns + column;
    double sums[Q] = {};
    if (channel < tiles.channels) {
      const double* from = partials + group * tiles.chunks * Q * width + channel;
#pragma unroll 4
      for (int c = row; c < tiles.chunks; c += rows)
#pragma unroll
        for (int q = 0; q < Q; ++q) sums[q] += from[(int64_t(c) * Q + q) * width];
    }
    for (int half = rows / 2; half > 0; half /= 2) {
      if (row >= half && row < 2 * half)
#pragma unroll
        for (int q = 0; q < Q; ++q) of_thread[q][threadIdx.x] = sums[q];
      __syncthreads();
      if (row < half)
#pragma unroll
        for (int q = 0; q < Q; ++q) sums[q] += of_thread[q][int(threadIdx.x) + half * columns];
    }
    if (row == 0 && channel < tiles.channels) f(group, channel, sums);
    __syncthreads();  // before the next item's sums
  }
}

inline dim3 fold_grid(const ChannelTiles& t) {
  const int64_t columns = kTileThreads / t.fold_rows;
  return grid_for(t.groups * ((t.channels + columns - 1) / columns), 1);
}

/// Values of a pack's channels: `left` of them are there, the others are 0. Padding lanes so stay 0.
template <int N>
__device__ __forceinline__ void load_channels(const float* p, int left, float (&v)[N]) {
  if constexpr (N % 4 == 0) {
    if (left >= N && reinterpret_cast<uintptr_t>(p) % 16 == 0) {
#pragma unroll
      for (int j = 0; j < N; j += 4) {
        const float4 four = *reinterpret_cast<const float4*>(p + j);
        memcpy(v + j, &four, sizeof four);
      }
      return;
    }
  }
#pragma unroll
  for (int j = 0; j < N; ++j) v[j] = j < left ? p[j] : 0.f;
}

/// Calls f(T{}, pack) for images of one type, some of which may be absent, but not the first: `pack`, an integral
/// constant, is kTilePack, or 1 where pitches or addresses do not allow it.
template <class F>
void dispatch_packs(const char* where, std::initializer_list<View> images, F f) {
  bool packed = true;
  for (const View& v : images) packed = packed && v.pitch % kTilePack == 0 && aligned16(v.data);
  dispatch_float(images.begin()->dtype, where, [&](auto zero) {
    if (packed)
      f(zero, std::integral_constant<int, kTilePack>{});
    else
      f(zero, std::integral_constant<int, 1>{});
  });
}

}  // namespace SEGUE_GPU_BACKEND
}  // namespace segue::gpu
