// Included before every file of a prebuilt Linux binary: where this machine's C and C++ libraries have a newer version of
// a function than Debian 10, RHEL 8 and Node's own binaries know (glibc 2.28, GCC 8), the binary asks for the old one,
// which every later library keeps. scripts/check-package fails when a symbol is missing here.
#pragma once

#if defined(__x86_64__)
#define TCPNET_OLDEST_GLIBC "GLIBC_2.2.5"
#elif defined(__aarch64__)
#define TCPNET_OLDEST_GLIBC "GLIBC_2.17"
#else
#error "scripts/lib/baseline.h knows x86_64 and aarch64"
#endif

#define TCPNET_BIND(symbol, version) __asm__(".symver " symbol "," symbol "@" version)

// glibc 2.34 moved libpthread and libdl into libc, and gave their functions that version. Node has loaded both.
TCPNET_BIND("dlopen", TCPNET_OLDEST_GLIBC);
TCPNET_BIND("dlsym", TCPNET_OLDEST_GLIBC);
TCPNET_BIND("dlclose", TCPNET_OLDEST_GLIBC);
TCPNET_BIND("dlerror", TCPNET_OLDEST_GLIBC);
TCPNET_BIND("pthread_create", TCPNET_OLDEST_GLIBC);
TCPNET_BIND("pthread_join", TCPNET_OLDEST_GLIBC);
TCPNET_BIND("pthread_detach", TCPNET_OLDEST_GLIBC);
TCPNET_BIND("pthread_once", TCPNET_OLDEST_GLIBC);

// std::condition_variable::wait(std::unique_lock<std::mutex>&)
TCPNET_BIND("_ZNSt18condition_variable4waitERSt11unique_lockISt5mutexE", "GLIBCXX_3.4.11");
