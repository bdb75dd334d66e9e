// Where a norm on CUDA finds the pixels of an image whose pixels do not lie like those of x: in a slice of a wider
// image, inside a border that reflects them, or in images of which x are the phases. A kernel takes one of these as a
// template parameter.
#pragma once

#include "channel_tiles.cuh"
#include "divisor.cuh"
#include "reflect.cuh"

namespace segue::gpu {
inline namespace SEGUE_GPU_BACKEND {

/// For a thread: x and the residual where they are, and no pixel in further places.
struct SinglePlaces {
  __device__ __forceinline__ int64_t x(int64_t e, int) const { return e; }
  __device__ __forceinline__ int64_t residual(int64_t e, int) const { return e; }
  template <class F>
  __device__ __forceinline__ void mirrored_y(int, F) const {}
  template <class F>
  __device__ __forceinline__ void mirrored_dy(int, F) const {}
  template <class F>
  __device__ __forceinline__ void mirrored_residual(int, F) const {}
};

/// y and dy at pitches of their own.
struct PitchedPlaces {
  int y_wider = 0, dy_wider = 0;  ///< their pitches less that of x

  static constexpr int kShare = 1;  ///< of the pixels that a thread has in flight
  static constexpr bool kResiduals = true;

  /// Whether images have borders, and whether a gradient is the sum of several of dy.
  bool borders() const { return false; }
  bool sums_dy() const { return false; }
  /// The places where dy is what dresidual was.
  PitchedPlaces residual_as_dy() const { return {y_wider, 0}; }

  /// For a thread. `e` is the place in x of pixel i of the chunk.
  class OfTile : public SinglePlaces {
   public:
    template <int N>
    __device__ __forceinline__ OfTile(const PitchedPlaces& p, const ChannelTiles&, const ChannelTile<N>& t)
        : y_(t, p.y_wider), dy_(t, p.dy_wider) {}
    __device__ __forceinline__ int64_t y(int64_t e, int i) const { return y_(e, i); }
    __device__ __forceinline__ int64_t dy(int64_t e, int i) const { return dy_(e, i); }

   private:
    OtherPitch y_, dy_;
  };
};

/// y, dy and residual at the pitch of x, inside borders: every cell of a border belongs to the one pixel that it
/// mirrors, and to the thread of that pixel. Groups are images; all have below 2^31 cells.
struct ReflectedPlaces {
  /// Rows, columns and mirrored cells take registers; half the loads in flight still make 32 KiB on a multiprocessor.
  static constexpr int kShare = 2;
  static constexpr bool kResiduals = true;

  int height, width;      ///< of x
  Divisor31 columns;      ///< width
  int pad, residual_pad;  ///< of y and dy, of the residual

  ReflectedPlaces(const View& x, int64_t pad, int64_t residual_pad)
      : height(int(x.shape[1])),
        width(int(x.shape[2])),
        columns(width),
        pad(int(pad)),
        residual_pad(int(residual_pad)) {}
  bool borders() const { return pad > 0 || residual_pad > 0; }
  bool sums_dy() const { return pad > 0; }
  /// Its border is 0, so that sums are those of the inner part. y has no place any more.
  ReflectedPlaces residual_as_dy() const {
    ReflectedPlaces p = *this;
    p.pad = residual_pad;
    return p;
  }

  class OfTile {
   public:
    template <int N>
    __device__ __forceinline__ OfTile(const ReflectedPlaces& p, const ChannelTiles& tiles, const ChannelTile<N>& t)
        : p_(p),
          image_(int(t.group)),
          first_(int(t.pixel - t.group * tiles.pixels)),
          channel_(t.channel),
          pitch_(tiles.pitch) {}
    // e itself would take registers beside i.
    __device__ __forceinline__ int64_t x(int64_t, int i) const {
      return place(image_ * p_.height * p_.width + first_ + i);
    }
    __device__ __forceinline__ int64_t y(int64_t, int i) const { return place(cell(i, p_.pad)); }
    __device__ __forceinline__ int64_t dy(int64_t, int i) const { return place(cell(i, p_.pad)); }
    __device__ __forceinline__ int64_t residual(int64_t, int i) const { return place(cell(i, p_.residual_pad)); }
    /// Calls f with the places of the cells that mirror pixel i, in a fixed order.
    template <class F>
    __device__ __forceinline__ void mirrored_y(int i, F f) const {
      mirrored(i, p_.pad, f);
    }
    template <class F>
    __device__ __forceinline__ void mirrored_dy(int i, F f) const {
      mirrored(i, p_.pad, f);
    }
    template <class F>
    __device__ __forceinline__ void mirrored_residual(int i, F f) const {
      mirrored(i, p_.residual_pad, f);
    }

   private:
    __device__ __forceinline__ int64_t place(int cell) const { return int64_t(cell) * pitch_ + channel_; }
    __device__ __forceinline__ int cell(int i, int pad) const {
      const int wide = p_.width + 2 * pad, row = p_.columns.divide(first_ + i);
      return image_ * (p_.height + 2 * pad) * wide + pad * (wide + 1) + first_ + i + 2 * pad * row;
    }
    template <class F>
    __device__ __forceinline__ void mirrored(int i, int pad, F f) const {
      const int row = p_.columns.divide(first_ + i), column = first_ + i - row * p_.width;
      if (pad == 0 || !(near_border(row, p_.height, pad) || near_border(column, p_.width, pad))) return;
#pragma unroll 1
      for (int k = 1; k < 9; ++k) {
        const int h = copy_of(row, p_.height, pad, k / 3), w = copy_of(column, p_.width, pad, k % 3);
        if (h >= 0 && w >= 0) f(place((image_ * (p_.height + 2 * pad) + h) * (p_.width + 2 * pad) + w));
      }
    }

    const ReflectedPlaces& p_;
    int image_, first_;  // first_: number of the chunk's first pixel in the image
    int channel_, pitch_;
  };
};

/// x in whole phases, y and dy images at pitches of their own; below 2^31 pixels, and without residuals.
struct PhasedPlaces {
  static constexpr int kShare = 2;
  static constexpr bool kResiduals = false;

  int height, width, factor;         ///< of a phase
  Divisor31 rows, columns, factors;  ///< the same
  int y_pitch, dy_pitch;

  PhasedPlaces(const View& x, int factor, const View& y, const View& dy)
      : height(int(x.shape[1])),
        width(int(x.shape[2])),
        factor(factor),
        rows(height),
        columns(width),
        factors(factor),
        y_pitch(int(y.pitch)),
        dy_pitch(int(dy.pitch)) {}
  bool borders() const { return false; }
  bool sums_dy() const { return false; }
  PhasedPlaces residual_as_dy() const { return *this; }

  class OfTile : public SinglePlaces {
   public:
    template <int N>
    __device__ __forceinline__ OfTile(const PhasedPlaces& p, const ChannelTiles&, const ChannelTile<N>& t)
        : p_(p), first_(int(t.pixel)), channel_(t.channel) {}
    __device__ __forceinline__ int64_t y(int64_t, int i) const { return int64_t(pixel(i)) * p_.y_pitch + channel_; }
    __device__ __forceinline__ int64_t dy(int64_t, int i) const { return int64_t(pixel(i)) * p_.dy_pitch + channel_; }

   private:
    /// Of the images, that is pixel i of the chunk in phases.
    __device__ __forceinline__ int pixel(int i) const {
      const int at = first_ + i, line = p_.columns.divide(at), column = at - line * p_.width;
      const int phase = p_.rows.divide(line), row = line - phase * p_.height;
      const int of_row = p_.factors.divide(phase), b = phase - of_row * p_.factor;
      const int image = p_.factors.divide(of_row), a = of_row - image * p_.factor;
      return ((image * p_.height + row) * p_.factor + a) * (p_.width * p_.factor) + column * p_.factor + b;
    }

    const PhasedPlaces& p_;
    int first_, channel_;
  };
};

}  // namespace SEGUE_GPU_BACKEND
}  // namespace segue::gpu
