"""System calls and their numbers, grouped by what the filter does with them. A table; the rules are in `seccomp`.

Each entry is `name x86_64 aarch64`; a hyphen where an architecture has no such call. What is not listed is answered as
by a kernel that never heard of it: a list of what is allowed stays right when a new kernel brings new calls.
"""

FILES = """
read 0 63 | write 1 64 | pread64 17 67 | pwrite64 18 68 | readv 19 65 | writev 20 66 | preadv 295 69
pwritev 296 70 | preadv2 327 286 | pwritev2 328 287 | open 2 - | openat 257 56 | openat2 437 437 | creat 85 -
close 3 57 | close_range 436 436 | lseek 8 62 | stat 4 - | fstat 5 80 | lstat 6 - | newfstatat 262 79
statx 332 291 | access 21 - | faccessat 269 48 | faccessat2 439 439 | readlink 89 - | readlinkat 267 78
getdents 78 - | getdents64 217 61 | getcwd 79 17 | chdir 80 49 | fchdir 81 50 | mkdir 83 - | mkdirat 258 34
rmdir 84 - | unlink 87 - | unlinkat 263 35 | rename 82 - | renameat 264 38 | renameat2 316 276 | symlink 88 -
symlinkat 266 36 | ftruncate 77 46 | fallocate 285 47 | fadvise64 221 223 | fsync 74 82 | fdatasync 75 83
sync_file_range 277 84 | statfs 137 43 | fstatfs 138 44 | umask 95 166 | flock 73 32 | fcntl 72 25
dup 32 23 | dup2 33 - | dup3 292 24 | pipe 22 - | pipe2 293 59 | sendfile 40 71 | splice 275 76 | tee 276 77
copy_file_range 326 285 | readahead 187 213
"""
"""Which files, Landlock decides."""

WAITING = """
poll 7 - | ppoll 271 73 | select 23 - | pselect6 270 72 | epoll_create 213 - | epoll_create1 291 20
epoll_ctl 233 21 | epoll_wait 232 - | epoll_pwait 281 22 | epoll_pwait2 441 441 | eventfd 284 -
eventfd2 290 19 | timerfd_create 283 85 | timerfd_settime 286 86 | timerfd_gettime 287 87 | signalfd 282 -
signalfd4 289 74 | nanosleep 35 101 | clock_nanosleep 230 115 | pause 34 - | restart_syscall 219 128
futex 202 98
"""

MEMORY = """
mmap 9 222 | mprotect 10 226 | munmap 11 215 | mremap 25 216 | madvise 28 233 | brk 12 214 | mincore 27 232
msync 26 227 | mlock 149 228 | munlock 150 229 | membarrier 324 283
"""

PROCESS = """
fork 57 - | vfork 58 - | execve 59 221 | exit 60 93 | exit_group 231 94 | wait4 61 260 | waitid 247 95
getpid 39 172 | getppid 110 173 | gettid 186 178 | getpgrp 111 - | getpgid 121 155 | getsid 124 156
setpgid 109 154 | setsid 112 157 | getuid 102 174 | geteuid 107 175 | getgid 104 176 | getegid 108 177
getresuid 118 148 | getresgid 120 150 | getgroups 115 158 | getpriority 140 141 | getrusage 98 165
getrlimit 97 163 | setrlimit 160 164 | getcpu 309 168 | sched_yield 24 124 | sched_getaffinity 204 123
sched_getparam 143 121 | sched_getscheduler 145 120 | sched_get_priority_max 146 125
sched_get_priority_min 147 126 | set_tid_address 218 96 | set_robust_list 273 99 | get_robust_list 274 100
rseq 334 293 | arch_prctl 158 - | capget 125 90 | uname 63 160 | sysinfo 99 179 | getrandom 318 278
times 100 153 | time 201 - | gettimeofday 96 169 | clock_gettime 228 113 | clock_getres 229 114
rt_sigaction 13 134 | rt_sigprocmask 14 135 | rt_sigreturn 15 139 | rt_sigpending 127 136
rt_sigsuspend 130 133 | rt_sigtimedwait 128 137 | sigaltstack 131 132 | alarm 37 - | getitimer 36 102
setitimer 38 103 | timer_create 222 107 | timer_settime 223 110 | timer_gettime 224 108
timer_getoverrun 225 109 | timer_delete 226 111 | pidfd_open 434 434
"""
"""Itself, its children, and the time."""

SOCKETS = """
bind 49 200 | listen 50 201 | accept 43 202 | accept4 288 242 | getsockname 51 204 | getpeername 52 205
getsockopt 55 209 | setsockopt 54 208 | shutdown 48 210 | sendmsg 46 211 | recvmsg 47 212 | recvfrom 45 207
"""
"""For the Unix sockets that it has; how it gets one is ruled below."""

RULED = """
socket 41 198 | socketpair 53 199 | connect 42 203 | sendto 44 206 | clone 56 220 | prctl 157 167
ioctl 16 29 | prlimit64 302 261 | kill 62 129 | tkill 200 130 | tgkill 234 131 | pidfd_send_signal 424 424
"""
"""Allowed with some arguments only: `gate.sandbox.seccomp` says which."""

REFUSED = """
truncate 76 45 | utime 132 - | utimes 235 - | utimensat 280 88 | futimesat 261 -
"""
"""What Landlock does not see, or older versions of it do not, and no engine needs."""

PRETENDED = """
chmod 90 - | fchmod 91 52 | fchmodat 268 53 | fchmodat2 452 452 | chown 92 - | fchown 93 55 | lchown 94 -
fchownat 260 54
"""
"""Modes and owners, which Landlock does not see either. Programs set them and only want to hear that it went well."""


def numbers(table: str, machine: str) -> dict[str, int]:
    """The calls of a table that this architecture ("x86_64" or "aarch64") has."""
    column = ("x86_64", "aarch64").index(machine) + 1
    entries = (entry.split() for entry in table.replace("\n", "|").split("|") if entry.strip())
    return {entry[0]: int(entry[column]) for entry in entries if entry[column] != "-"}
