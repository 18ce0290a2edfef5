#include "kernels/one_thread_each.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>

#ifdef _OPENMP
#include <omp.h>
#else
#include <ATen/Parallel.h>
#endif

namespace clmr::kernels {
namespace {

// Hands out the pieces and keeps the first failure.
class Pieces {
 public:
  Pieces(int64_t n, const std::function<void(int64_t)>& f) : n_(n), f_(f) {}

  void Work() {
    for (int64_t i = next_++; i < n_; i = next_++) {
      try {
        f_(i);
      } catch (...) {
        std::lock_guard lock(mutex_);
        if (!failure_) failure_ = std::current_exception();
        next_ = n_;
      }
    }
  }

  // Returns once all `team` threads have called it. They sleep until then:
  // libgomp's own barrier would keep a core busy.
  void Meet(int team) {
    int here = ++here_;
    if (here == team) here_.notify_all();
    while (here < team) {
      here_.wait(here);
      here = here_.load();
    }
  }

  void Rethrow() const {
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  const int64_t n_;
  const std::function<void(int64_t)>& f_;
  std::atomic<int64_t> next_{0};
  std::atomic<int> here_{0};
  std::mutex mutex_;
  std::exception_ptr failure_;
};

}  // namespace

void OneThreadEach(int64_t n, int64_t threads, const std::function<void(int64_t)>& f) {
  Pieces pieces(n, f);
  const int workers = static_cast<int>(std::clamp<int64_t>(threads, 1, std::max<int64_t>(n, 1)));
#ifdef _OPENMP
  // A team of two or more, even where one works: only then is the region active, so that MKL, oneDNN and
  // ATen, which ask omp_in_parallel(), keep to one thread. oneDNN also plans for omp_get_max_threads().
#pragma omp parallel num_threads(std::max(workers, 2))
  {
    omp_set_num_threads(1);
    if (omp_get_thread_num() < workers) pieces.Work();
    pieces.Meet(omp_get_num_threads());
  }
#else
  at::parallel_for(0, workers, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) pieces.Work();
  });
#endif
  pieces.Rethrow();
}

}  // namespace clmr::kernels
