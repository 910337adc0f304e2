"""System calls on child processes, by descriptor (pidfd) where the kernel has them: Linux 5.3, or 5.4 to reap by it.

They are made by number, because neither the C library nor Python can be relied on to have been built on a system that
knew them. Since Linux 6.15 the kernel keeps the exit code for who holds the descriptor, also when another part of the
program has reaped the child.
"""

from libc.errno cimport ECHILD, EINVAL, errno
from libc.string cimport memset
from posix.signal cimport siginfo_t
from posix.wait cimport P_PID, WEXITED, WNOHANG, waitid

cdef extern from *:
    """
    #include <errno.h>
    #include <stdint.h>
    #include <string.h>
    #include <sys/ioctl.h>
    #include <sys/syscall.h>
    #include <sys/wait.h>
    #include <unistd.h>

    /* Every Linux architecture but alpha has these numbers; elsewhere the calls do not exist. */
    #if defined(__linux__) && !defined(__alpha__)
    #define OUROLOOP_PIDFD_OPEN 434
    #define OUROLOOP_PIDFD_SEND_SIGNAL 424
    #define OUROLOOP_P_PIDFD 3

    static int ouroloop_pidfd_open(int pid) {
        return (int)syscall(OUROLOOP_PIDFD_OPEN, pid, 0);
    }

    static int ouroloop_pidfd_send_signal(int descriptor, int number) {
        return (int)syscall(OUROLOOP_PIDFD_SEND_SIGNAL, descriptor, number, NULL, 0);
    }

    /* struct pidfd_info of <linux/pidfd.h>, in its first published size. */
    struct ouroloop_pidfd_info {
        uint64_t mask, cgroup;
        uint32_t pid, tgid, ppid, ruid, rgid, euid, egid, suid, sgid, fsuid, fsgid;
        int32_t wait_status;
    };
    #define OUROLOOP_PIDFD_GET_INFO _IOWR(0xFF, 11, struct ouroloop_pidfd_info)
    #define OUROLOOP_PIDFD_INFO_EXIT (1ULL << 3)

    static int ouroloop_pidfd_wait_status(int descriptor, int *wait_status) {
        struct ouroloop_pidfd_info info;
        int result = -1;
        /* It looks for the exit code first, for the process next: one that goes in between needs a second look. */
        for (int looks = 2; result < 0 && looks > 0; looks--) {
            memset(&info, 0, sizeof(info));
            info.mask = OUROLOOP_PIDFD_INFO_EXIT;
            result = ioctl(descriptor, OUROLOOP_PIDFD_GET_INFO, &info);
            if (result < 0 && errno != ESRCH) {
                break;
            }
        }
        if (result < 0) {
            return -1;
        }
        if (!(info.mask & OUROLOOP_PIDFD_INFO_EXIT)) {
            errno = EAGAIN;
            return -1;
        }
        *wait_status = info.wait_status;
        return 0;
    }
    #else
    #define OUROLOOP_P_PIDFD P_PID
    static int ouroloop_pidfd_open(int pid) { errno = ENOSYS; return -1; }
    static int ouroloop_pidfd_send_signal(int descriptor, int number) { errno = ENOSYS; return -1; }
    static int ouroloop_pidfd_wait_status(int descriptor, int *wait_status) { errno = ENOSYS; return -1; }
    #endif
    """
    const int OUROLOOP_P_PIDFD
    int ouroloop_pidfd_open(int pid) nogil
    int ouroloop_pidfd_send_signal(int descriptor, int number) nogil
    int ouroloop_pidfd_wait_status(int descriptor, int *wait_status) nogil

cdef extern from "<sys/wait.h>" nogil:
    int CLD_EXITED
    int WIFEXITED(int wait_status)
    int WEXITSTATUS(int wait_status)
    int WTERMSIG(int wait_status)


cdef int open_process(int pid) noexcept nogil:
    cdef int descriptor = ouroloop_pidfd_open(pid)
    return descriptor if descriptor >= 0 else -errno


cdef int reap_child(int pid, int descriptor, int *exit_code) noexcept nogil:
    cdef siginfo_t found
    cdef int result = -1
    memset(&found, 0, sizeof(found))
    if descriptor >= 0:
        result = waitid(OUROLOOP_P_PIDFD, descriptor, &found, WEXITED | WNOHANG)
    if descriptor < 0 or (result < 0 and errno == EINVAL):
        result = waitid(P_PID, pid, &found, WEXITED | WNOHANG)
    if result < 0:
        return -errno
    if found.si_pid == 0:
        return 0
    exit_code[0] = found.si_status if found.si_code == CLD_EXITED else -found.si_status
    return 1


cdef int exit_code_of_reaped(int descriptor, int *exit_code) noexcept nogil:
    cdef int wait_status
    if descriptor < 0:
        return -ECHILD
    if ouroloop_pidfd_wait_status(descriptor, &wait_status) < 0:
        return -errno
    exit_code[0] = WEXITSTATUS(wait_status) if WIFEXITED(wait_status) else -WTERMSIG(wait_status)
    return 0


cdef int signal_process(int descriptor, int number) noexcept nogil:
    return 0 if ouroloop_pidfd_send_signal(descriptor, number) == 0 else -errno
