#include "bindings/shutdown.h"

#include <atomic>
#include <cstdlib>
#include <mutex>

#include "running.h"

#if defined(__GNUC__) && !defined(_WIN32)
// libuv's: the terminal as it was before Node changed it. Node does so in a handler of exit()
// that comes after ours.
extern "C" __attribute__((weak)) int uv_tty_reset_mode(void);
#define CLMR_RESET_TERMINAL() (uv_tty_reset_mode ? uv_tty_reset_mode() : 0)
#else
#define CLMR_RESET_TERMINAL() 0
#endif

namespace clmr::bindings {
namespace {

// Work looks at its flag at least every 100 ms.
constexpr std::chrono::milliseconds kPatience{500};

std::atomic<bool> waited{false};
std::atomic<int> asked_code{-1};  // of the 'exit' event; only for systems that do not say it in exit()

void EndWithoutDestructorsIfNeeded(int code) {
  const bool quiet = StopRunning(waited.exchange(true) ? std::chrono::milliseconds(0) : kPatience);
  if (quiet && DestructorsAreSafe()) return;
  CLMR_RESET_TERMINAL();
  std::_Exit(code);
}

void Register() {
#ifdef __GLIBC__
  on_exit([](int code, void*) { EndWithoutDestructorsIfNeeded(code); }, nullptr);
#else
  std::atexit([] {
    if (asked_code >= 0) EndWithoutDestructorsIfNeeded(asked_code);
  });
#endif
}

}  // namespace

void InstallExitHandler() {
  static std::once_flag once;
  std::call_once(once, Register);
}

Napi::Value ExitHandler(Napi::Env env) {
  static std::atomic<bool> given{false};
  if (given.exchange(true)) return env.Undefined();
  return Napi::Function::New(
      env,
      [](const Napi::CallbackInfo& event) {
        if (event[0].IsNumber()) asked_code = event[0].As<Napi::Number>().Int32Value();
        StopRunning(kPatience);
        waited = true;
        Register();
      },
      "stopRunning");
}

}  // namespace clmr::bindings
