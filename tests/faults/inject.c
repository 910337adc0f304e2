/* System calls that fail on order: loaded with LD_PRELOAD in front of libc, driven by injector.py.

   A rule names one function and what happens to it: after `skip` calls, `times` calls fail with `error`, or move at most
   `limit` bytes. Only calls of the watched thread count. Calls that Python itself makes all the time (read, write,
   close …) count only when one of ouroloop's own modules makes them.

   With OUROLOOP_FAULTS=SEED:EVERY in the environment there is no rule: of the calls that ouroloop's modules make, in any
   thread, about one in EVERY is interrupted (EINTR), finds nothing ready (EAGAIN) or moves a few bytes only. No program
   may notice. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define FUNCTIONS(each)                                                                                                \
    each(accept4) each(bind) each(close) each(connect) each(epoll_create1) each(epoll_ctl) each(epoll_pwait2)          \
    each(epoll_wait) each(fcntl64) each(fork) each(fstat64) each(getpeername) each(getsockname) each(getsockopt)       \
    each(ioctl) each(listen) each(pidfd_open) each(pidfd_send_signal) each(pipe2) each(poll) each(read) each(recv)     \
    each(recvfrom) each(send) each(sendfile) each(sendmsg) each(sendto) each(setsockopt) each(shutdown) each(socket)   \
    each(waitid) each(write) each(writev)

#define NUMBER(name) NUMBER_##name,
enum { FUNCTIONS(NUMBER) FUNCTION_COUNT };
#define NAME(name) #name,
static const char *const names[] = {FUNCTIONS(NAME)};

enum { PASS, FAIL, SHORTEN };

static struct {
    int function; /* -1: no rule */
    long skip, times;
    int error;  /* 0: shorten instead */
    long limit; /* bytes */
} rule = {-1, 0, 0, 0, 0};
static long calls[FUNCTION_COUNT];
static long hits;
static pid_t watched;
static uint64_t ambient_seed;
static uint64_t ambient_every;

int fault_number(const char *name) {
    for (int number = 0; number < FUNCTION_COUNT; number++) {
        if (strcmp(names[number], name) == 0) {
            return number;
        }
    }
    return -1;
}

/* Watches the calling thread and counts from zero. */
void fault_arm(int function, long skip, long times, int error, long limit) {
    memset(calls, 0, sizeof calls);
    hits = 0;
    watched = (pid_t)syscall(SYS_gettid);
    rule.skip = skip;
    rule.times = times;
    rule.error = error;
    rule.limit = limit;
    rule.function = function;
}

void fault_disarm(void) {
    rule.function = -1;
    watched = 0;
}

long fault_calls(int function) { return calls[function]; }
long fault_hits(void) { return hits; }

__attribute__((constructor)) static void read_environment(void) {
    const char *text = getenv("OUROLOOP_FAULTS");
    char *rest;
    if (text != NULL) {
        ambient_seed = strtoull(text, &rest, 10) * 0x9E3779B97F4A7C15u + 1;
        ambient_every = *rest == ':' ? strtoull(rest + 1, NULL, 10) : 10;
    }
}

static int is_ours(void *caller) {
    Dl_info found;
    return dladdr(caller, &found) != 0 && found.dli_fname != NULL && strstr(found.dli_fname, "/ouroloop/") != NULL;
}

static uint64_t next_random(void) {
    uint64_t x = __atomic_add_fetch(&ambient_seed, 0x9E3779B97F4A7C15u, __ATOMIC_RELAXED);
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    return x ^ (x >> 31);
}

/* Whether a function can be interrupted, find nothing ready, or move fewer bytes than asked: what man pages allow. */
static int may_not_be_ready(int function) {
    switch (function) {
    case NUMBER_accept4: case NUMBER_recv: case NUMBER_recvfrom: case NUMBER_send: case NUMBER_sendmsg:
    case NUMBER_sendto: case NUMBER_sendfile:
        return 1;
    }
    return 0;
}

static int is_pythons_too(int function) {
    switch (function) {
    case NUMBER_close: case NUMBER_fcntl64: case NUMBER_fstat64: case NUMBER_ioctl: case NUMBER_read: case NUMBER_write:
        return 1;
    }
    return 0;
}

static int decide_ambient(int function, void *caller, size_t *size, int may_sleep) {
    uint64_t choice;
    if (!is_ours(caller) || (choice = next_random()) % ambient_every != 0) {
        return PASS;
    }
    choice = (choice >> 32) % 3;
    if (choice == 0 && (may_not_be_ready(function) || may_sleep)) {
        errno = EINTR;
        return FAIL;
    }
    if (choice == 1 && may_not_be_ready(function)) {
        errno = EAGAIN;
        return FAIL;
    }
    if (size != NULL && *size > 1 && (function == NUMBER_recv || function == NUMBER_send)) {
        *size = 1 + (size_t)(next_random() % (*size < 64 ? *size : 64));
        return SHORTEN;
    }
    return PASS;
}

/* What happens to this call. `size`, where there is one, is made smaller for a short read or write. Only a call that
   may sleep is interrupted at random: one that just looks never is. */
static int decide_for(int function, void *caller, size_t *size, int may_sleep) {
    if (ambient_every != 0) {
        return decide_ambient(function, caller, size, may_sleep);
    }
    if (watched == 0 || watched != (pid_t)syscall(SYS_gettid)) {
        return PASS;
    }
    if (is_pythons_too(function) && !is_ours(caller)) {
        return PASS;
    }
    long call = calls[function]++;
    if (function != rule.function || call < rule.skip || call >= rule.skip + rule.times) {
        return PASS;
    }
    hits++;
    if (rule.error != 0) {
        errno = rule.error;
        return FAIL;
    }
    if (size != NULL && *size > (size_t)rule.limit) {
        *size = (size_t)rule.limit;
    }
    return SHORTEN;
}

static int decide(int function, void *caller, size_t *size) { return decide_for(function, caller, size, 0); }

#define REAL(name) ((__typeof__(&name))real(NUMBER_##name))
static void *real(int function) {
    static void *found[FUNCTION_COUNT];
    if (found[function] == NULL) {
        found[function] = dlsym(RTLD_NEXT, names[function]);
    }
    return found[function];
}

#define CALLER __builtin_return_address(0)
#define MAY_FAIL(name, size)                                                                                           \
    if (decide(NUMBER_##name, CALLER, size) == FAIL) {                                                                 \
        return -1;                                                                                                     \
    }

#define PLAIN(name, parameters, ...)                                                                                   \
    int name parameters {                                                                                              \
        MAY_FAIL(name, NULL)                                                                                           \
        return REAL(name)(__VA_ARGS__);                                                                                \
    }

#define SLEEPER(name, parameters, ...)                                                                                 \
    int name parameters {                                                                                              \
        if (decide_for(NUMBER_##name, CALLER, NULL, timeout != 0) == FAIL) {                                           \
            return -1;                                                                                                 \
        }                                                                                                              \
        return REAL(name)(__VA_ARGS__);                                                                                \
    }

#define SIZED(name, parameters, ...)                                                                                   \
    ssize_t name parameters {                                                                                          \
        MAY_FAIL(name, &size)                                                                                          \
        return REAL(name)(__VA_ARGS__);                                                                                \
    }

PLAIN(accept4, (int fd, struct sockaddr *peer, socklen_t *length, int flags), fd, peer, length, flags)
PLAIN(bind, (int fd, const struct sockaddr *address, socklen_t length), fd, address, length)
PLAIN(epoll_create1, (int flags), flags)
PLAIN(epoll_ctl, (int epoll, int operation, int fd, struct epoll_event *event), epoll, operation, fd, event)
SLEEPER(epoll_wait, (int epoll, struct epoll_event *events, int count, int timeout), epoll, events, count, timeout)
PLAIN(fork, (void), )
PLAIN(fstat64, (int fd, struct stat64 *status), fd, status)
PLAIN(getpeername, (int fd, struct sockaddr *address, socklen_t *length), fd, address, length)
PLAIN(getsockname, (int fd, struct sockaddr *address, socklen_t *length), fd, address, length)
PLAIN(getsockopt, (int fd, int level, int option, void *value, socklen_t *length), fd, level, option, value, length)
PLAIN(listen, (int fd, int backlog), fd, backlog)
PLAIN(pipe2, (int ends[2], int flags), ends, flags)
SLEEPER(poll, (struct pollfd *asked, nfds_t count, int timeout), asked, count, timeout)
PLAIN(setsockopt, (int fd, int level, int option, const void *value, socklen_t length), fd, level, option, value, length)
PLAIN(shutdown, (int fd, int how), fd, how)
PLAIN(socket, (int family, int type, int protocol), family, type, protocol)
PLAIN(waitid, (idtype_t kind, id_t id, siginfo_t *found, int options), kind, id, found, options)

SIZED(read, (int fd, void *buffer, size_t size), fd, buffer, size)
SIZED(write, (int fd, const void *buffer, size_t size), fd, buffer, size)
SIZED(recv, (int fd, void *buffer, size_t size, int flags), fd, buffer, size, flags)
SIZED(sendfile, (int to, int from, off_t *offset, size_t size), to, from, offset, size)

/* The same where files may be large: what Python calls. */
ssize_t sendfile64(int to, int from, off64_t *offset, size_t size) {
    MAY_FAIL(sendfile, &size)
    return REAL(sendfile)(to, from, (off_t *)offset, size);
}

/* The kernel sends a datagram whole or not at all. */
static int sends_whole(int fd) {
    int type = 0;
    socklen_t length = sizeof type;
    return REAL(getsockopt)(fd, SOL_SOCKET, SO_TYPE, &type, &length) == 0 && type != SOCK_STREAM;
}

ssize_t send(int fd, const void *buffer, size_t size, int flags) {
    size_t whole = size;
    MAY_FAIL(send, &size)
    return REAL(send)(fd, buffer, sends_whole(fd) ? whole : size, flags);
}

ssize_t recvfrom(int fd, void *buffer, size_t size, int flags, struct sockaddr *peer, socklen_t *length) {
    MAY_FAIL(recvfrom, NULL)
    return REAL(recvfrom)(fd, buffer, size, flags, peer, length);
}

ssize_t sendto(int fd, const void *buffer, size_t size, int flags, const struct sockaddr *peer, socklen_t length) {
    MAY_FAIL(sendto, NULL)
    return REAL(sendto)(fd, buffer, size, flags, peer, length);
}

/* A short write of several parts writes some of the first. */
ssize_t sendmsg(int fd, const struct msghdr *message, int flags) {
    size_t size = message->msg_iovlen != 0 ? message->msg_iov[0].iov_len : 0;
    int outcome = decide(NUMBER_sendmsg, CALLER, &size);
    if (outcome == FAIL) {
        return -1;
    }
    if (outcome == SHORTEN && size != 0) {
        return REAL(send)(fd, message->msg_iov[0].iov_base, size, flags);
    }
    return REAL(sendmsg)(fd, message, flags);
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
    size_t size = count != 0 ? parts[0].iov_len : 0;
    int outcome = decide(NUMBER_writev, CALLER, &size);
    if (outcome == FAIL) {
        return -1;
    }
    if (outcome == SHORTEN && size != 0) {
        return REAL(write)(fd, parts[0].iov_base, size);
    }
    return REAL(writev)(fd, parts, count);
}

/* One that is interrupted goes on by itself. */
int connect(int fd, const struct sockaddr *address, socklen_t length) {
    int outcome = decide(NUMBER_connect, CALLER, NULL);
    int error = errno;
    if (outcome == FAIL && error != EINTR) {
        return -1;
    }
    int result = REAL(connect)(fd, address, length);
    if (outcome == FAIL && (result == 0 || errno == EINPROGRESS)) {
        errno = error;
        return -1;
    }
    return result;
}

/* Linux closes the descriptor whatever it answers. */
int close(int fd) {
    int outcome = decide(NUMBER_close, CALLER, NULL);
    int error = errno;
    int result = REAL(close)(fd);
    if (outcome == FAIL) {
        errno = error;
        return -1;
    }
    return result;
}

/* Of its commands only the one that needs a new descriptor can find no room. */
int fcntl64(int fd, int command, ...) {
    va_list rest;
    va_start(rest, command);
    void *argument = va_arg(rest, void *);
    va_end(rest);
    if (command == F_DUPFD_CLOEXEC) {
        MAY_FAIL(fcntl64, NULL)
    }
    return REAL(fcntl64)(fd, command, argument);
}

int ioctl(int fd, unsigned long request, ...) {
    va_list rest;
    va_start(rest, request);
    void *argument = va_arg(rest, void *);
    va_end(rest);
    MAY_FAIL(ioctl, NULL)
    return REAL(ioctl)(fd, request, argument);
}

/* Calls that libc has no function for. */
long syscall(long number, ...) {
    static long (*next)(long, ...);
    long given[6];
    va_list rest;
    va_start(rest, number);
    for (int index = 0; index < 6; index++) {
        given[index] = va_arg(rest, long);
    }
    va_end(rest);
    if (next == NULL) {
        next = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
    }
    if (number == SYS_epoll_pwait2) {
        if (decide_for(NUMBER_epoll_pwait2, CALLER, NULL, 1) == FAIL) {
            return -1;
        }
    }
    if (number == SYS_pidfd_open) {
        MAY_FAIL(pidfd_open, NULL)
    }
    if (number == SYS_pidfd_send_signal) {
        MAY_FAIL(pidfd_send_signal, NULL)
    }
    return next(number, given[0], given[1], given[2], given[3], given[4], given[5]);
}
