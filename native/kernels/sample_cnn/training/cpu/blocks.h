#pragma once
// The transforms before and after the products of a training step, in registers. Local to the file that
// includes it, as everything in lanes.h.
#include "kernels/sample_cnn/cpu/bfloat16_lanes.h"
#include "kernels/sample_cnn/cpu/winograd_transforms.h"
#include "kernels/sample_cnn/training/loops.h"

namespace clmr::kernels::CLMR_ISA {
namespace {

constexpr int64_t kWindow = 3;  // of the pool

inline int64_t Least(int64_t a, int64_t b) { return a < b ? a : b; }
// Stores past the caches: for data that will not be read again before it would have left them anyway. p is
// aligned to a vector. Call FinishStreams() before another thread reads it.
inline void Stream(float* p, Lanes v) {
#if defined(CLMR_ISA_avx512)
  _mm512_stream_ps(p, (__m512)v);
#elif defined(CLMR_ISA_avx2)
  _mm256_stream_ps(p, (__m256)v);
#elif defined(__x86_64__)
  _mm_stream_ps(p, (__m128)v);
#else
  Store(p, v);
#endif
}
inline void Stream(Bfloat16* p, Lanes v) { Store(p, v); }
inline void FinishStreams() {
#if defined(__x86_64__)
  _mm_sfence();
#endif
}

inline Lanes KeepWherePositive(Lanes condition, Lanes value) { return condition > Lanes{} ? value : Lanes{}; }

// Points of one row of tiles, channels c …
template <class Factor>
inline void StorePoints(const Lanes o[kSixPoints], const Planes<Factor>& to, int64_t r, int64_t c) {
  const int64_t at = to.first + r;
  Factor* target = to.data + c / kPanel * to.panel + at * to.row + c % kPanel;
  for (int64_t p = 0; p < kSixPoints; ++p) Store(target + p * to.plane, o[p]);
}
template <>
inline void StorePoints(const Lanes o[kSixPoints], const Planes<Bfloat16>& to, int64_t r, int64_t c) {
  const int64_t at = to.first + r;
  Bfloat16* panel = to.data + c / kPanel * to.panel;
  if (!to.pairs)
    for (int64_t p = 0; p < kSixPoints; ++p) Store(panel + at * to.row + c % kPanel + p * to.plane, o[p]);
  else if (at % 2 == 0)
    for (int64_t p = 0; p < kSixPoints; ++p)
      StoreFirst(panel + at / 2 * to.row + c % kPanel * 2 + p * to.plane, o[p]);
  else
    for (int64_t p = 0; p < kSixPoints; ++p)
      StoreSecond(panel + at / 2 * to.row + c % kPanel * 2 + p * to.plane, o[p]);
}

// Two rows of tiles as pairs; the first one has an even number.
inline void StorePairs(const Lanes a[kSixPoints], const Lanes b[kSixPoints], const Planes<Bfloat16>& to,
                       int64_t r, int64_t c) {
  Bfloat16* target = to.data + c / kPanel * to.panel + (to.first + r) / 2 * to.row + c % kPanel * 2;
  for (int64_t p = 0; p < kSixPoints; ++p) StoreBoth(target + p * to.plane, a[p], b[p]);
}

// Stores what points(tile, channel, o) gives for `count` tiles and all vectors of channels.
template <class Factor, class F>
inline void EachTile(const Planes<Factor>& to, int64_t count, int64_t channels, F points) {
  for (int64_t i = 0; i < count; ++i) {
    if constexpr (sizeof(Factor) == 2)
      if (to.pairs && (to.first + i) % 2 == 0 && i + 1 < count) {
        for (int64_t c = 0; c < channels; c += kLanes) {
          Lanes a[kSixPoints], b[kSixPoints];
          points(i, c, a);
          points(i + 1, c, b);
          StorePairs(a, b, to, i, c);
        }
        ++i;
        continue;
      }
    for (int64_t c = 0; c < channels; c += kLanes) {
      Lanes o[kSixPoints];
      points(i, c, o);
      StorePoints(o, to, i, c);
    }
  }
}

inline void LoadPoints(const float* m, int64_t plane, Lanes x[kSixPoints]) {
  for (int64_t p = 0; p < kSixPoints; ++p) x[p] = Load(m + p * plane);
}

template <class Stored, class Factor>
void input_transform(const Stored* rows, Normalization norm, TileRange tiles, int64_t channels,
                     Planes<Factor> to) {
  EachTile(to, tiles.count, channels, [&](int64_t i, int64_t c, Lanes* o) {
    const int64_t first = (tiles.first + i) * kSixOutputs - 1;  // the row that d[0] is
    const bool whole = first >= 0 && first + kSixPoints <= tiles.steps;
    const Lanes scale = Load(norm.scale + c), shift = Load(norm.shift + c);
    const Stored* x = rows + first * channels + c;
    Lanes d[kSixPoints];
    if (whole)
      for (int64_t j = 0; j < kSixPoints; ++j) d[j] = Relu(scale * Load(x + j * channels) + shift);
    else
      for (int64_t j = 0; j < kSixPoints; ++j) {
        const bool inside = first + j >= 0 && first + j < tiles.steps;
        d[j] = inside ? Relu(scale * Load(x + j * channels) + shift) : Lanes{};
      }
    TransformInput(d, o);
  });
}

// The first block's taps and shift of a vector of channels, its batch norm folded in. One place forms its
// values, so that forward and backward take the same ReLU decisions
// (test/native/training_gradients.cc repeats their order).
struct FirstBlock {
  Lanes w0, w1, w2, shift;
  FirstBlock(const float* weight, const float* b, int64_t channels, int64_t c)
      : w0(Load(weight + c)),
        w1(Load(weight + channels + c)),
        w2(Load(weight + 2 * channels + c)),
        shift(Load(b + c)) {}
  Lanes At(const float* x) const { return w0 * x[0] + (w1 * x[1] + (w2 * x[2] + shift)); }
};

template <class Factor>
void first_input_transform(const float* waveform, const float* weight, const float* shift, TileRange tiles,
                           int64_t channels, Planes<Factor> to) {
  EachTile(to, tiles.count, channels, [&](int64_t i, int64_t c, Lanes* o) {
    const int64_t first = (tiles.first + i) * kSixOutputs - 1;
    const FirstBlock block(weight, shift, channels, c);
    Lanes d[kSixPoints];
    for (int64_t j = 0; j < kSixPoints; ++j) {
      const int64_t step = first + j;
      d[j] = step < 0 || step >= tiles.steps ? Lanes{} : Relu(block.At(waveform + 3 * step));
    }
    TransformInput(d, o);
  });
}

// One pooling window: y [3 rows] and its maximum stored, its deviations from the pivot summed. A NaN that the
// maximum drops reaches the statistics of its channel anyhow.
template <bool kStream, class Stored>
inline void EmitWindow(const Lanes y[kWindow], Stored* target, Stored* pooled, int64_t stride, Lanes pivot,
                       Lanes& sum, Lanes& squares) {
  const auto put = [](Stored* p, Lanes v) { kStream ? Stream(p, v) : Store(p, v); };
  for (int64_t j = 0; j < kWindow; ++j) {
    put(target + j * stride, y[j]);
    const Lanes deviation = y[j] - pivot;
    sum += deviation;
    squares += deviation * deviation;
  }
  put(pooled, Larger(Larger(y[0], y[1]), y[2]));
}

template <bool kStream, class Stored>
void OutputTransform(const float* m, int64_t plane, TileRange tiles, int64_t block, Stored* y, Stored* pooled,
                     int64_t stride, bool fresh, float* pivot, float* sum, float* squares) {
  const int64_t windows = tiles.steps / kWindow;
  for (int64_t i = 0; i < tiles.count; ++i) {
    const int64_t window = (tiles.first + i) * kSixPooled;
    Stored* rows = y + i * kSixOutputs * stride;
    Stored* maxima = pooled + i * kSixPooled * stride;
    for (int64_t c = 0; c < block; c += kLanes) {
      Lanes x[kSixPoints], out[kSixOutputs];
      LoadPoints(m + i * block + c, plane, x);
      TransformOutput(x, out);
      if (fresh && i == 0) Store(pivot + c, out[1]);
      const Lanes center = Load(pivot + c);
      Lanes s = Load(sum + c), q = Load(squares + c);
      EmitWindow<kStream>(out, rows + c, maxima + c, stride, center, s, q);
      if (window + 1 < windows)
        EmitWindow<kStream>(out + kWindow, rows + kWindow * stride + c, maxima + stride + c, stride, center,
                            s, q);
      Store(sum + c, s);
      Store(squares + c, q);
    }
  }
  if (kStream) FinishStreams();
}

template <class Stored>
void output_transform(const float* m, int64_t plane, TileRange tiles, int64_t block, Stored* y,
                      Stored* pooled, int64_t stride, bool stream, bool fresh, float* pivot, float* sum,
                      float* squares) {
  const auto transform = stream ? OutputTransform<true, Stored> : OutputTransform<false, Stored>;
  transform(m, plane, tiles, block, y, pooled, stride, fresh, pivot, sum, squares);
}

// dy of one pooling window; the gradient goes to the first of its largest values.
template <class Stored>
inline void WindowGradient(const Stored* y, const Stored* dz, const NormalizationGradient& norm,
                           int64_t channels, int64_t c, Lanes dy[kWindow]) {
  const Lanes y0 = Load(y), y1 = Load(y + channels), y2 = Load(y + 2 * channels);
  const Lanes gradient = Load(norm.scale + c) * Load(dz);
  const Lanes mean = Load(norm.mean + c), slope = Load(norm.slope + c), offset = Load(norm.offset + c);
  const auto first = (y0 >= y1) & (y0 >= y2);
  const auto second = ~first & (y1 >= y2);
  dy[0] = slope * (y0 - mean) + offset + (first ? gradient : Lanes{});
  dy[1] = slope * (y1 - mean) + offset + (second ? gradient : Lanes{});
  dy[2] = slope * (y2 - mean) + offset + (first | second ? Lanes{} : gradient);
}

template <class Stored, class Factor>
void gradient_transform(const Stored* y, const Stored* dz, NormalizationGradient norm, TileRange tiles,
                        int64_t channels, float* carry, Planes<Factor> for_data, Planes<Factor> for_weights) {
  const int64_t windows = tiles.steps / kWindow;
  EachTile(for_weights, tiles.count, channels, [&](int64_t i, int64_t c, Lanes* o) {
    const int64_t first = (tiles.first + i) * kSixPooled;  // window
    const auto window = [&](int64_t w, Lanes* dy) {
      if (w < windows)
        WindowGradient(y + w * kWindow * channels + c, dz + w * channels + c, norm, channels, c, dy);
      else
        dy[0] = dy[1] = dy[2] = Lanes{};
    };
    Lanes d[kSixPoints + 2], data[kSixPoints];  // d[0]: the row before the tile
    if (first == 0) {
      d[0] = Lanes{};
      window(0, d + 1);
    } else {
      for (int64_t j = 0; j < 4; ++j) d[j] = Load(carry + j * channels + c);
    }
    window(first + 1, d + 4);
    window(first + 2, d + 7);
    for (int64_t j = 0; j < 4; ++j) Store(carry + j * channels + c, d[kSixOutputs + j]);
    TransformInput(d, data);
    StorePoints(data, for_data, i, c);
    TransformGradient(d + 1, o);
  });
}

template <class Stored>
void masked_output_transform(const float* m, int64_t plane, TileRange tiles, int64_t block,
                             const Stored* pooled, Normalization norm, const float* mean, Stored* dz,
                             int64_t stride, float* sum, float* products) {
  for (int64_t i = 0; i < tiles.count; ++i) {
    const int64_t row = i * kSixOutputs * stride;
    const int64_t valid = Least(kSixOutputs, tiles.steps - (tiles.first + i) * kSixOutputs);
    for (int64_t c = 0; c < block; c += kLanes) {
      Lanes x[kSixPoints], out[kSixOutputs];
      LoadPoints(m + i * block + c, plane, x);
      TransformOutput(x, out);
      const Lanes scale = Load(norm.scale + c), shift = Load(norm.shift + c), center = Load(mean + c);
      Lanes s = Load(sum + c), q = Load(products + c);
      const auto emit = [&](int64_t j) {
        const Lanes value = Load(pooled + row + j * stride + c);
        const Lanes gradient = KeepWherePositive(scale * value + shift, out[j]);
        Store(dz + row + j * stride + c, gradient);
        s += gradient;
        q += gradient * (value - center);
      };
      for (int64_t j = 0; j < kWindow; ++j) emit(j);
      if (valid == kSixOutputs)
        for (int64_t j = kWindow; j < kSixOutputs; ++j) emit(j);
      Store(sum + c, s);
      Store(products + c, q);
    }
  }
}

[[maybe_unused]] void first_output_transform(const float* m, int64_t plane, TileRange tiles, int64_t block,
                                             const float* waveform, const float* weight, const float* shift,
                                             int64_t channels, float* sums) {
  for (int64_t i = 0; i < tiles.count; ++i) {
    const int64_t step = (tiles.first + i) * kSixOutputs;
    const int64_t valid = Least(kSixOutputs, tiles.steps - step);
    for (int64_t c = 0; c < block; c += kLanes) {
      Lanes x[kSixPoints], out[kSixOutputs], sum[4];
      LoadPoints(m + i * block + c, plane, x);
      TransformOutput(x, out);
      const FirstBlock first(weight, shift, channels, c);
      for (int64_t k = 0; k < 4; ++k) sum[k] = Load(sums + k * channels + c);
      const auto emit = [&](int64_t j) {
        const float* s = waveform + 3 * (step + j);
        const Lanes gradient = KeepWherePositive(first.At(s), out[j]);
        sum[0] += gradient;
        for (int64_t k = 0; k < 3; ++k) sum[k + 1] += gradient * s[k];
      };
      for (int64_t j = 0; j < kWindow; ++j) emit(j);
      if (valid == kSixOutputs)
        for (int64_t j = kWindow; j < kSixOutputs; ++j) emit(j);
      for (int64_t k = 0; k < 4; ++k) Store(sums + k * channels + c, sum[k]);
    }
  }
}

// Asks for what the next chunk will read, a few lines at a call.
class Fetcher {
 public:
  Fetcher(const Ahead& ahead, int64_t calls) {
    for (int z = 0; z < Ahead::kPieces; ++z) {
      at_[z] = static_cast<const char*>(ahead.pieces[z].data);
      end_[z] = at_[z] + ahead.pieces[z].bytes;
      share_[z] = ((end_[z] - at_[z]) / calls + kLine) / kLine * kLine;
    }
  }
  void Some() {
    for (int z = 0; z < Ahead::kPieces; ++z) {
      const char* stop = end_[z] - at_[z] < share_[z] ? end_[z] : at_[z] + share_[z];
      for (; at_[z] < stop; at_[z] += kLine) __builtin_prefetch(at_[z], 0, 2);
    }
  }

 private:
  static constexpr int64_t kLine = 64;
  const char *at_[Ahead::kPieces], *end_[Ahead::kPieces];
  int64_t share_[Ahead::kPieces];
};

template <class Factor>
void filter_transform(const float* taps, int64_t rows, int64_t columns, int64_t block, Factor* points) {
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t c = 0; c < columns; c += kLanes) {
      Lanes w[3], o[kSixPoints];
      for (int64_t k = 0; k < 3; ++k) w[k] = Load(taps + (k * rows + r) * columns + c);
      TransformFilter(w, o);
      StorePoints(
          o, Planes<Factor>::AsRight(points + c / block * kSixPoints * rows * block, rows * block, block), r,
          c % block);
    }
}

[[maybe_unused]] void filter_gradient(const float* const* du, int64_t parts, int64_t size, int64_t first,
                                      int64_t last, float* taps) {
  for (int64_t i = first; i < last; i += kLanes) {
    Lanes u[kSixPoints], w[3];
    for (int64_t p = 0; p < kSixPoints; ++p) {
      u[p] = Load(du[0] + p * size + i);
      for (int64_t part = 1; part < parts; ++part) u[p] += Load(du[part] + p * size + i);
    }
    TransformFilterGradient(u, w);
    for (int64_t k = 0; k < 3; ++k) Store(taps + k * size + i, w[k]);
  }
}

}  // namespace
}  // namespace clmr::kernels::CLMR_ISA
