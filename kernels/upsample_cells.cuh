// Logits upsampled on the fly, for kernels that fuse the resize with what follows: outputs grouped by the four logits
// between which they lie, and tiles of low-resolution logits in shared memory.
#pragma once

#include "device.cuh"

namespace segue::gpu {
inline namespace SEGUE_GPU_BACKEND {

/// Rows and columns of the outputs that a thread works on together.
constexpr int kPatch = 4;

/// One axis of a resize with align_corners = false, cut into in + 1 cells: cell k lies between the centres of source
/// elements k-1 and k. The outermost two reach to the border and lie between an element and itself.
struct CellAxis {
  int in, out;
  int scale;    // out / in if that is a whole number, else 0
  int patches;  // that hold the outputs of a cell
  float step;   // by how much a share rises from one output to the next

  CellAxis(int64_t in, int64_t out)
      : in(int(in)),
        out(int(out)),
        scale(out % in == 0 ? int(out / in) : 0),
        patches(int((out + kPatch * in - 1) / (kPatch * in))),
        step(float(double(in) / double(out))) {}

  /// First output in cell k or behind it.
  __device__ __forceinline__ int first(int k) const {
    // Output x lies at ((2x + 1) in - out) / (2 out).
    int64_t x = (2 * k - 1) * scale / 2;
    if (scale == 0) x = (int64_t(2 * k - 1) * out + in - 1) / (2 * in);
    return k <= 0 ? 0 : x < out ? int(x) : out;
  }
  /// Share of source element k in output x of cell k.
  __device__ __forceinline__ float share(int x, int k) const {
    return float(int(int64_t(2 * x + 1) * in - int64_t(2 * k - 1) * out)) / float(2 * out);
  }
};

/// How a resize is cut into tiles of cells, of which a block takes one at a time. Neighbouring tiles have `overlap`
/// rows and columns of cells in common.
struct CellTiles {
  CellAxis y, x;
  int images, overlap;
  int cells_y = 0, cells_x = 0;  // of a tile
  int tiles_y = 0, tiles_x = 0;  // of an image; 0: no tile keeps the limits

  /// The fewest tiles of at most `max_cells` cells and `max_pixels` low-resolution pixels each.
  CellTiles(int64_t images, CellAxis y, CellAxis x, int overlap, int64_t max_cells, int64_t max_pixels)
      : y(y), x(x), images(int(images)), overlap(overlap) {
    // Those that `cells` cells make of an axis, and back: as even as can be.
    const auto tiles = [&](int in, int64_t cells) { return (in - 2 * overlap + cells) / (cells - overlap); };
    const auto cells = [&](int in, int64_t tiles) { return int((in - overlap + tiles) / tiles) + overlap; };
    int64_t fewest = INT64_MAX;
    for (int64_t across = 1 + overlap; across <= std::min<int64_t>(max_cells, x.in + 1); ++across) {
      const int64_t down = std::min({max_cells / across, max_pixels / (across + 1) - 1, int64_t(y.in + 1)});
      if (down <= overlap || tiles(y.in, down) * tiles(x.in, across) > fewest) continue;
      tiles_y = int(tiles(y.in, down)), tiles_x = int(tiles(x.in, across));
      fewest = int64_t(tiles_y) * tiles_x;
    }
    if (fewest < INT64_MAX) cells_y = cells(y.in, tiles_y), cells_x = cells(x.in, tiles_x);
  }

  __host__ __device__ int64_t count() const { return int64_t(images) * tiles_y * tiles_x; }
  __host__ __device__ int cells() const { return cells_y * cells_x; }
  /// Low-resolution pixels at the corners of a tile's cells.
  __host__ __device__ int pixels() const { return (cells_y + 1) * (cells_x + 1); }
};

/// A tile's image and its first cell.
struct CellTile {
  int image, y, x;

  __device__ __forceinline__ CellTile(const CellTiles& t, int64_t index) {
    const unsigned i = unsigned(index), row = i / unsigned(t.tiles_x);
    x = int(i - row * unsigned(t.tiles_x)) * (t.cells_x - t.overlap);
    image = int(row / unsigned(t.tiles_y));
    y = int(row - unsigned(image) * unsigned(t.tiles_y)) * (t.cells_y - t.overlap);
  }
};

/// Shared memory of a tile: a plane of low-resolution pixels for each class, from the upper left corner of its first
/// cell on, and behind the last class one of the largest logits.
struct LogitTile {
  /// Where a row or column of cells begins: its first output, and the share there.
  struct Edge {
    int first;
    float share;
  };
  float* z;
  Edge *rows, *columns;  // and behind the last the next

  static __host__ __device__ int64_t floats(const CellTiles& t, int64_t classes) { return (classes + 1) * t.pixels(); }
};

/// Fills a tile; all threads of the block call, and a barrier follows. Returns whether this thread has seen a pixel
/// whose logits differ by more than `limit`, or are infinite. `kRange` false: without that, and without `largest`.
template <int kThreads, int N, bool kRange = true, class T>
__device__ __forceinline__ bool load_tile(const T* logits, int pitch, int classes, const CellTiles& t,
                                          const CellTile& tile, const LogitTile& into, float limit = 0.f) {
  const int width = t.cells_x + 1, pixels = t.pixels(), thread = int(threadIdx.x);
  const auto edge = [](const CellAxis& axis, int k) {
    const int first = axis.first(k);
    return LogitTile::Edge{first, axis.share(first, k)};
  };
  for (int i = thread; i <= t.cells_y; i += kThreads) into.rows[i] = edge(t.y, tile.y + i);
  for (int i = kThreads - 1 - thread; i <= t.cells_x; i += kThreads) into.columns[i] = edge(t.x, tile.x + i);
  bool wide = false;
  for (int p = thread; p < pixels; p += kThreads) {
    const int row = p / width;
    const int y = min(max(tile.y - 1 + row, 0), t.y.in - 1);
    const int x = min(max(tile.x - 1 + p - row * width, 0), t.x.in - 1);
    const T* from = logits + ((int64_t(tile.image) * t.y.in + y) * t.x.in + x) * pitch;
    float* z = into.z + p;
    float largest = -INFINITY, smallest = INFINITY;
    // A pack is on its way while the one before it is stored.
    Pack<T, N> next = load<N>(from);
    for (int c = 0; c < classes; c += N) {
      float v[N];
      to_floats(next, v);
      if (c + N < classes) next = load<N>(from + c + N);
#pragma unroll
      for (int j = 0; j < N; ++j) {
        if (c + j >= classes) continue;
        *z = v[j], z += pixels;
        if (kRange) largest = fmaxf(largest, v[j]), smallest = fminf(smallest, v[j]);
      }
    }
    if (!kRange) continue;
    *z = largest;
    wide |= !(largest - smallest <= limit);
  }
  return wide;
}

/// What the logits of a class, or anything bilinear, are at the corners of a cell.
struct Corners {
  float upper_left, upper_right, lower_left, lower_right;

  /// `upper`: the upper left corner in a plane of LogitTile; `width`: pixels of a row.
  __device__ __forceinline__ Corners(const float* upper, int width)
      : upper_left(upper[0]), upper_right(upper[1]), lower_left(upper[width]), lower_right(upper[width + 1]) {}
};

/// Up to 4x4 outputs of one cell. An output is bilinear in its shares of the cell's right and lower logits.
struct Patch {
  int y, x;           // first output
  int rows, columns;  // at most 4; may be 0 or less
  float share_y, share_x;
  float step_y, step_x;  // 0 if there is but one row or column

  /// Patch (down, across) of the cell in row i and column j of a tile. Cells behind the last have none.
  __device__ __forceinline__ Patch(const CellTiles& t, const LogitTile& tile, int i, int j, int down, int across) {
    const LogitTile::Edge row = tile.rows[i], column = tile.columns[j];
    y = row.first + kPatch * down, x = column.first + kPatch * across;
    rows = min(tile.rows[i + 1].first - y, kPatch), columns = min(tile.columns[j + 1].first - x, kPatch);
    step_y = rows > 1 ? t.y.step : 0.f, step_x = columns > 1 ? t.x.step : 0.f;
    share_y = rows > 0 ? row.share + float(kPatch * down) * t.y.step : 0.f;
    share_x = columns > 0 ? column.share + float(kPatch * across) * t.x.step : 0.f;
  }
  /// A bit for each output, row by row, four to a row.
  __device__ __forceinline__ unsigned mask() const {
    return rows <= 0 || columns <= 0 ? 0u : ((1u << columns) - 1) * (0x1111u & ((1u << (4 * rows)) - 1));
  }
  __device__ __forceinline__ bool holds(int i, int j) const { return i < rows && j < columns; }
  __device__ __forceinline__ float right(int j) const { return share_x + float(j) * step_x; }
  __device__ __forceinline__ float lower(int i) const { return share_y + float(i) * step_y; }
  /// f(row, column, value) for each output, with the arithmetic of resize_bilinear.
  template <class F>
  __device__ __forceinline__ void resize(const Corners& z, F f) const {
    const float above = z.upper_right - z.upper_left, below = z.lower_right - z.lower_left;
#pragma unroll
    for (int j = 0; j < kPatch; ++j) {
      const float from = z.upper_left + right(j) * above, rise = z.lower_left + right(j) * below - from;
#pragma unroll
      for (int i = 0; i < kPatch; ++i) f(i, j, from + lower(i) * rise);
    }
  }
};

/// The class of each output of a patch: that of the largest logit, the lowest of equal ones; a NaN never is.
struct PatchVote {
  float largest[kPatch][kPatch];
  int winner[kPatch][kPatch];

  __device__ __forceinline__ PatchVote() {
#pragma unroll
    for (int i = 0; i < kPatch; ++i)
#pragma unroll
      for (int j = 0; j < kPatch; ++j) largest[i][j] = -INFINITY, winner[i][j] = 0;
  }
  /// Takes in the logits of class c, which must follow the classes below.
  __device__ __forceinline__ void take(const Patch& patch, const Corners& z, int c) {
    patch.resize(z, [&](int i, int j, float v) {
      if (v > largest[i][j]) largest[i][j] = v, winner[i][j] = c;
    });
  }
};

/// Checks logits (N,h,w,C) and labels (N,H,W), to which they are resized.
inline void check_upsample(const char* op, const View& logits, const View& labels) {
  check_pitched(logits, op, "logits", logits.dtype, logits.shape);
  check_dense(labels, op, "labels", DType::u8);
  require(logits.shape.dims() == 4 && labels.shape.dims() == 3 && logits.shape[0] == labels.shape[0], op,
          "expects logits (N,h,w,C) and labels (N,H,W) of the same N; got ", logits.shape, " and ", labels.shape);
  require(labels.count() == 0 || logits.count() > 0, op, "expects logits that are not empty; got ", logits.shape);
}

}  // namespace SEGUE_GPU_BACKEND
}  // namespace segue::gpu
