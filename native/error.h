#pragma once
// The one exception of this library: a code of lib/errors.ts, a sentence, and the file where there is one.
#include <atomic>
#include <stdexcept>
#include <string>
#include <utility>

namespace clmr {

class Error : public std::runtime_error {
 public:
  Error(std::string code, const std::string& message, std::string path = {})
      : std::runtime_error(message), code_(std::move(code)), path_(std::move(path)) {}
  const std::string& code() const { return code_; }
  const std::string& path() const { return path_; }

 private:
  std::string code_, path_;
};

// Set by JavaScript, read by the thread that works. Long work looks at it at least every 100 ms.
using AbortFlag = std::atomic<bool>;

inline void throw_if_aborted(const AbortFlag& abort) {
  if (abort.load(std::memory_order_relaxed)) throw Error("ABORT", "aborted");
}

}  // namespace clmr
