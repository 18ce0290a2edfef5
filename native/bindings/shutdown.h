#pragma once
// The end of the process.
//
// The danger: process.exit, an uncaught exception and an unhandled rejection end in C's exit(), on the main
// thread, while our threads still work. Node runs no clean-up hook of the main thread then. exit() destroys
// the static objects of libtorch and of this library, those that were made last first, and a thread that uses
// one of them ends the process by SIGSEGV or SIGABRT instead of the exit code that was asked for.
//
// So, in this order:
//
// 1. The 'exit' event of the main thread calls what ExitHandler gave: all work is told to stop and is waited
//    for, briefly. What is begun later stops at once.
//
// 2. The event also registers a handler with exit(). Handlers run in reverse order, so this one comes before
//    the destructors of everything that the work has made on its way. Where work still runs, or a thread
//    could not be started before, it ends the process without destructors, with the code that was asked for.
//
// 3. The same handler is registered once libtorch has been loaded, for an exit() without the event: that of
//    process.reallyExit, of another addon, of OpenMP.
//
// Static objects of ours whose destructor does something are leaked on purpose.
#include <napi.h>

namespace clmr::bindings {

// For 3. Called from the export table.
void InstallExitHandler();

// (code) → undefined, for the first caller of the process; undefined for all others.
Napi::Value ExitHandler(Napi::Env env);

}  // namespace clmr::bindings
