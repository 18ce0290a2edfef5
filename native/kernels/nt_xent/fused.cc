#include "kernels/nt_xent/fused.h"

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <functional>
#include <limits>
#include <utility>
#include <vector>

#include "kernels/nt_xent/loops.h"

namespace clmr::kernels {
namespace {

constexpr double kLog2e = 1.4426950408889634;
// How far the exponents of exp(±1/τ) may lie apart so that float32 still has room for the sum of a row, and
// what the largest one is then shifted to.
constexpr double kExponentRange = 140, kExponentTop = 60;
constexpr float kNone = -1e30f;  // the exponent of what is left out
constexpr int64_t kManyRows = 4096;
constexpr int64_t kKeptValues = 4 << 20;  // tiles are kept for the second pass where they fit

int64_t RoundUp(int64_t n, int64_t unit) { return (n + unit - 1) / unit * unit; }

struct Pair {
  int64_t i, j;
};

// Rounds of a tournament among n blocks: in each, every block meets at most one other (the circle method);
// all rounds together hold every pair once. The last round pairs every block with itself.
std::vector<std::vector<Pair>> Tournament(int64_t n) {
  const int64_t seats = n + n % 2;
  std::vector<std::vector<Pair>> rounds;
  for (int64_t round = 0; round + 1 < seats; ++round) {
    std::vector<Pair> pairs;
    for (int64_t k = 0; k < seats / 2; ++k) {
      const int64_t a = k == 0 ? seats - 1 : (round + k) % (seats - 1);
      const int64_t b = (round + seats - 1 - k) % (seats - 1);
      if (std::max(a, b) < n) pairs.push_back({std::min(a, b), std::max(a, b)});
    }
    rounds.push_back(std::move(pairs));
  }
  std::vector<Pair> own;
  for (int64_t i = 0; i < n; ++i) own.push_back({i, i});
  rounds.push_back(std::move(own));
  return rounds;
}

class Pass {
 public:
  Pass(const float* z, int64_t rows, int64_t dim, int64_t views, double temperature, Isa isa,
       const AbortFlag& abort)
      : z_(z),
        rows_(rows),
        dim_(dim),
        views_(views),
        temperature_(temperature),
        abort_(abort),
        depth_(RoundUp(dim, kNtXentDepth)),
        block_(rows < kManyRows ? kNtXentPanel : kNtXentMaxBlock),
        blocks_((rows + block_ - 1) / block_),
        wide_(2 / temperature > kExponentRange),
        scale_(kLog2e / temperature),
        tile_threads_(at::get_num_threads()),
        loops_(kNtXent[isa]) {
    const int64_t padded = blocks_ * block_;
    units_ = at::zeros({padded, depth_}, at::kFloat);
    unit_data_ = units_.mutable_data_ptr<float>();
    panels_ = at::empty({padded, depth_}, at::kFloat);
    scratch_ = at::empty({tile_threads_, block_ * block_}, at::kFloat);
    inverse_norms_.resize(rows);
    clamped_.resize(rows);
    negatives_.assign(padded, 0);
    positives_.resize(rows);
    shifts_.assign(padded, 0);
    row_results_.resize(rows);
    factors_ = at::zeros({padded}, at::kFloat);
  }

  // gradient [rows, dim]: null where none is wanted. Leaves that of the result undefined.
  NtXentValue Run(float* gradient) {
    Normalize();
    if (!finite_) {
      const float nan = std::numeric_limits<float>::quiet_NaN();
      if (gradient) std::fill_n(gradient, rows_ * dim_, nan);
      return {nan, {}, nan};
    }
    const bool by_blocks = TileValues() <= kKeptValues;
    wide_ ? SumWideNegatives() : by_blocks ? SumNegativesByBlocks(gradient != nullptr) : SumNegatives();
    NtXentValue result;
    result.loss = Losses();
    if (!gradient) return result;
    gradients_ = at::zeros({blocks_ * block_, depth_}, at::kFloat);
    wide_ ? GatherWideGradients() : by_blocks ? GatherGradientsByBlocks() : GatherGradients();
    result.temperature_gradient = Finish(gradient);
    return result;
  }

 private:
  float* Unit(int64_t row) { return unit_data_ + row * depth_; }
  float* Gradient(int64_t row) { return gradients_.mutable_data_ptr<float>() + row * depth_; }
  float* Panels(int64_t block) { return panels_.mutable_data_ptr<float>() + block * block_ * depth_; }
  float* Factors(int64_t block) { return factors_.mutable_data_ptr<float>() + block * block_; }
  float* Scratch() { return scratch_.mutable_data_ptr<float>() + at::get_thread_num() * block_ * block_; }

  // Some blocks take longer than others: a thread that is free takes the next one.
  void EachBlock(const std::function<void(int64_t)>& f) {
    std::atomic<int64_t> next{0};
    at::parallel_for(0, std::min(tile_threads_, blocks_), 1, [&](int64_t, int64_t) {
      for (int64_t block = next++; block < blocks_; block = next++) {
        throw_if_aborted(abort_);
        f(block);
      }
    });
  }

  // No two tiles of a round share a block, so no two threads touch the same rows.
  void EachPair(const std::function<void(int64_t i, int64_t j)>& f) {
    if (rounds_.empty()) rounds_ = Tournament(blocks_);
    for (const std::vector<Pair>& round : rounds_) {
      throw_if_aborted(abort_);
      at::parallel_for(0, static_cast<int64_t>(round.size()), 1, [&](int64_t begin, int64_t end) {
        for (int64_t k = begin; k < end; ++k) f(round[k].i, round[k].j);
      });
    }
  }

  void EachRow(int64_t block, const std::function<void(int64_t)>& f) {
    for (int64_t row = block * block_; row < std::min(rows_, (block + 1) * block_); ++row) f(row);
  }

  // f(p, u_row·u_p) for the positives of a row
  template <class F>
  void EachPositive(int64_t row, F f) {
    const int64_t first = row / views_ * views_;
    for (int64_t p = first; p < first + views_; ++p)
      if (p != row) f(p, loops_.dot(Unit(row), Unit(p), depth_));
  }

  // z → u and its panels
  void Normalize() {
    std::vector<char> finite(blocks_, 1);
    EachBlock([&](int64_t block) {
      EachRow(block, [&](int64_t row) {
        float* u = Unit(row);
        std::copy_n(z_ + row * dim_, dim_, u);
        const double norm = std::sqrt(loops_.dot(u, u, depth_));
        if (!std::isfinite(norm)) finite[block] = 0;
        clamped_[row] = norm < kSmallestNorm;
        inverse_norms_[row] = 1 / std::max(norm, kSmallestNorm);
        const double inverse = inverse_norms_[row];
        for (int64_t k = 0; k < dim_; ++k) u[k] = static_cast<float>(u[k] * inverse);
      });
      float* panel = Panels(block);
      for (int64_t first = block * block_; first < (block + 1) * block_; first += kNtXentPanel)
        for (int64_t k = 0; k < depth_; ++k, panel += kNtXentPanel)
          for (int64_t r = 0; r < kNtXentPanel; ++r) panel[r] = unit_data_[(first + r) * depth_ + k];
    });
    finite_ = std::all_of(finite.begin(), finite.end(), [](char block) { return block != 0; });
  }

  // of all tiles on and above the diagonal
  int64_t TileValues() const { return blocks_ * (blocks_ + 1) / 2 * block_ * block_; }
  // i ≤ j
  float* Tile(int64_t i, int64_t j) {
    return kept_.mutable_data_ptr<float>() + (j * (j + 1) / 2 + i) * block_ * block_;
  }

  // Writes `value` where a row meets a row of its own example, or what is no row.
  void LeaveOut(int64_t i, int64_t j, float* tile, float value) {
    const int64_t first_row = i * block_, first_column = j * block_;
    if (first_column + block_ > rows_)
      for (int64_t r = 0; r < block_; ++r)
        std::fill(tile + r * block_ + std::max<int64_t>(rows_ - first_column, 0), tile + (r + 1) * block_,
                  value);
    if (first_row + block_ > rows_)
      std::fill(tile + std::max<int64_t>(rows_ - first_row, 0) * block_, tile + block_ * block_, value);
    for (int64_t r = 0; r < block_; ++r) {
      const int64_t example = (first_row + r) / views_ * views_;
      const int64_t begin = std::max(example, first_column) - first_column;
      const int64_t end = std::min(example + views_, first_column + block_) - first_column;
      if (begin < end) std::fill(tile + r * block_ + begin, tile + r * block_ + end, value);
    }
  }
  bool HasGaps(int64_t i, int64_t j) const {
    const int64_t low = std::min(i, j), high = std::max(i, j), last_row = (low + 1) * block_ - 1;
    return high * block_ < (last_row / views_ + 1) * views_ || (high + 1) * block_ > rows_;
  }

  // E of block i by block j
  void Exponentials(int64_t i, int64_t j, float* tile) {
    loops_.exponentials(Panels(i), Panels(j), depth_, block_, static_cast<float>(scale_),
                        static_cast<float>(Shift()), tile);
    if (HasGaps(i, j)) LeaveOut(i, j, tile, 0);
  }
  void Exponents(int64_t i, int64_t j, float* tile) {
    loops_.exponents(Panels(i), Panels(j), depth_, block_, static_cast<float>(scale_), tile);
    if (HasGaps(i, j)) LeaveOut(i, j, tile, kNone);
  }

  // E is kept as 2^(log2 E − shift). The shift makes the largest possible value, that of equal rows, 1, or
  // exp(60) where the smallest values would be too small for float32 otherwise.
  double Shift() const { return 2 / temperature_ > 80 ? scale_ - kExponentTop * kLog2e : scale_; }

  // Σ over the negatives of every row, from the tiles on and above the diagonal. Block i adds up the rows of
  // its tiles for itself, and the columns for the other blocks, which collect them at the end.
  void SumNegativesByBlocks(bool keep) {
    std::fill(shifts_.begin(), shifts_.end(), Shift());
    if (keep) kept_ = at::empty({TileValues()}, at::kFloat);
    const int64_t padded = blocks_ * block_;
    at::Tensor across = at::empty({blocks_, padded}, at::kDouble);
    double* columns = across.mutable_data_ptr<double>();
    EachBlock([&](int64_t i) {
      std::fill_n(columns + i * padded, padded, 0.0);
      double unused[kNtXentMaxBlock] = {};  // the tiles on the diagonal have both halves in their rows
      for (int64_t j = i; j < blocks_; ++j) {
        float* tile = keep ? Tile(i, j) : Scratch();
        Exponentials(i, j, tile);
        double* sums = i == j ? unused : columns + i * padded + j * block_;
        loops_.add_sums(tile, block_, negatives_.data() + i * block_, sums);
      }
    });
    for (int64_t i = 0; i < blocks_; ++i)
      for (int64_t row = (i + 1) * block_; row < padded; ++row) negatives_[row] += columns[i * padded + row];
  }

  // The same where the tiles are too many to keep
  void SumNegatives() {
    std::fill(shifts_.begin(), shifts_.end(), Shift());
    EachPair([this](int64_t i, int64_t j) {
      float* tile = Scratch();
      Exponentials(i, j, tile);
      double unused[kNtXentMaxBlock] = {};
      loops_.add_sums(tile, block_, negatives_.data() + i * block_,
                      i == j ? unused : negatives_.data() + j * block_);
    });
  }

  // The same where the exponents span more than float32 can hold: relative to the largest
  // exponent of each row so far.
  void SumWideNegatives() {
    EachBlock([this](int64_t i) {
      std::vector<float> largest(block_, kNone);
      double* sums = negatives_.data() + i * block_;
      float* tile = Scratch();
      for (int64_t j = 0; j < blocks_; ++j) {
        Exponents(i, j, tile);
        loops_.add_exponentials(tile, block_, largest.data(), sums);
      }
      EachRow(i, [&](int64_t row) {
        double& negatives = negatives_[row];
        double top = largest[row - i * block_];
        if (top == kNone) negatives = 0;
        const double before = top;
        EachPositive(row, [&](int64_t, double s) { top = std::max(top, s * scale_); });
        negatives *= std::exp2(before - top);
        shifts_[row] = top;
      });
    });
  }

  // → the mean loss; also what the second pass needs of every row
  double Losses() {
    EachBlock([this](int64_t block) {
      EachRow(block, [&](int64_t row) {
        double positives = 0, loss = 0;
        EachPositive(row, [&](int64_t, double s) { positives += std::exp2(s * scale_ - shifts_[row]); });
        const double all = negatives_[row] + positives;
        EachPositive(row, [&](int64_t, double s) {
          const double log2_own = s * scale_ - shifts_[row], own = std::exp2(log2_own);
          // The first form is exact where the loss is near 0, the second where `own` is lost beside the rest.
          const double rest = negatives_[row] + (views_ == 2 ? 0 : positives - own);
          loss += own > 1e-3 * all ? std::log1p(rest / own) : std::log(all) - log2_own / kLog2e;
        });
        positives_[row] = positives;
        row_results_[row] = loss / static_cast<double>(views_ - 1);
        factors_.mutable_data_ptr<float>()[row] =
            static_cast<float>(wide_ ? shifts_[row] + std::log2(all) : 1 / all);
      });
    });
    return Mean();
  }
  double Mean() const {
    double sum = 0;
    for (const double result : row_results_) sum += result;
    return sum / static_cast<double>(rows_);
  }

  void GatherGradientsByBlocks() {
    EachBlock([this](int64_t k) {
      float* weights = Scratch();
      for (int64_t i = 0; i < k; ++i) {
        loops_.weigh(Tile(i, k), block_, Factors(i), Factors(k), weights);
        loops_.add_transposed_product(weights, block_, Unit(i * block_), depth_, Gradient(k * block_));
      }
      for (int64_t j = k; j < blocks_; ++j) {
        loops_.weigh(Tile(k, j), block_, Factors(k), Factors(j), weights);
        loops_.add_product(weights, block_, Unit(j * block_), depth_, Gradient(k * block_));
      }
    });
  }

  void GatherGradients() {
    EachPair([this](int64_t i, int64_t j) {
      float* tile = Scratch();
      Exponentials(i, j, tile);
      loops_.weigh(tile, block_, Factors(i), Factors(j), tile);
      loops_.add_product(tile, block_, Unit(j * block_), depth_, Gradient(i * block_));
      if (i != j) loops_.add_transposed_product(tile, block_, Unit(i * block_), depth_, Gradient(j * block_));
    });
  }

  void GatherWideGradients() {
    EachBlock([this](int64_t i) {
      float* tile = Scratch();
      for (int64_t j = 0; j < blocks_; ++j) {
        Exponents(i, j, tile);
        loops_.weigh_exponents(tile, block_, Factors(i), Factors(j));
        loops_.add_product(tile, block_, Unit(j * block_), depth_, Gradient(i * block_));
      }
    });
  }

  // c of the formula, rearranged: no difference of two numbers that are both close to 1 / (V − 1)
  double PositiveWeight(int64_t row, double similarity) const {
    const double own = std::exp2(similarity * scale_ - shifts_[row]),
                 others = static_cast<double>(views_ - 1);
    const double rest = negatives_[row] + (views_ == 2 ? 0 : positives_[row] - others * own);
    return -rest / (others * (negatives_[row] + positives_[row]));
  }

  // ∂/∂u of the negatives → ∂/∂z; returns ∂/∂τ
  double Finish(float* gradient) {
    const double factor = 1 / (static_cast<double>(rows_) * temperature_);
    EachBlock([&](int64_t block) {
      EachRow(block, [&](int64_t row) {
        float *g = Gradient(row), *u = Unit(row);
        EachPositive(row, [&](int64_t p, double s) {
          const auto weight = static_cast<float>(PositiveWeight(row, s) + PositiveWeight(p, s));
          const float* other = Unit(p);
          for (int64_t k = 0; k < depth_; ++k) g[k] += weight * other[k];
        });
        const double along = loops_.dot(g, u, depth_);
        row_results_[row] = along;
        const auto drop = static_cast<float>(clamped_[row] ? 0 : along);  // ‖u‖ = 1 lets nothing move along u
        const auto scale = static_cast<float>(factor * inverse_norms_[row]);
        for (int64_t k = 0; k < dim_; ++k) gradient[row * dim_ + k] = (g[k] - drop * u[k]) * scale;
      });
    });
    return -Mean() / (2 * temperature_ * temperature_);
  }

  const float* z_;
  const int64_t rows_, dim_, views_;
  const double temperature_;
  const AbortFlag& abort_;
  const int64_t depth_, block_, blocks_;
  const bool wide_;
  const double scale_;
  const int64_t tile_threads_;
  const NtXentLoops& loops_;

  std::vector<std::vector<Pair>> rounds_;
  at::Tensor units_, panels_, gradients_;  // [blocks·block, depth]
  at::Tensor scratch_, kept_;              // tiles
  at::Tensor factors_;                     // 1/a of every row, or log2 a
  float* unit_data_;
  std::vector<double> inverse_norms_, negatives_, positives_, shifts_, row_results_;
  std::vector<char> clamped_;
  bool finite_ = true;
};

}  // namespace

NtXentValue nt_xent_fused(const at::Tensor& z, int64_t views, double temperature, Isa isa, bool differentiate,
                          const AbortFlag& abort) {
  const at::Tensor rows = z.contiguous();
  const at::Tensor gradient = differentiate ? at::empty(z.sizes(), z.options()) : at::Tensor();
  Pass pass(rows.const_data_ptr<float>(), z.size(0), z.size(1), views, temperature, isa, abort);
  NtXentValue value = pass.Run(differentiate ? gradient.mutable_data_ptr<float>() : nullptr);
  value.gradient = gradient;
  return value;
}

}  // namespace clmr::kernels
