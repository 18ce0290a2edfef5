#pragma once
// Long work runs on threads of our own, never on libuv's pool, and ends in a promise.
#include <napi.h>

#include <functional>
#include <memory>
#include <vector>

#include "error.h"

namespace clmr::bindings {

// Executes off the JavaScript thread and touches no JavaScript value; returns what runs on the JavaScript
// thread to make the result. The flag is raised by the caller's AbortSignal and when the environment ends.
using Finish = std::function<Napi::Value(Napi::Env)>;
using Execute = std::function<Finish(const AbortFlag&)>;

// `keep` are the JavaScript values (input buffers, handles) that must live until the promise settles.
Napi::Value RunAsync(Napi::Env env, std::shared_ptr<AbortFlag> abort, const std::vector<Napi::Value>& keep,
                     Execute execute);

// Per-environment state; called once from the export table.
void InitAsync(Napi::Env env);

// Applies the thread count of setThreads to the calling thread: OpenMP keeps it per thread. Throws ERR_THREAD
// where the system does not give so many.
void ApplyThreadCount();
void SetThreadCount(int threads);
// The same, unless a count was set before: an environment that starts later must not undo setThreads.
void DefaultThreadCount(int threads);
int ThreadCount();

}  // namespace clmr::bindings
