/* What the front has in place of a C library: how a program begins, the system's calls, memory and text. The start of a library
 * alone takes as long as everything the front does. Linux on x86-64 and arm64; elsewhere it does not compile, and `jetpack` is
 * the Node form.
 *
 * A call returns what the system does: below zero it is the error's number with its sign turned. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>

/* Where the system puts the count of arguments, then they, a null, the environment, a null. */
static void begin(long *stack) __attribute__((noreturn, used));

#if defined(__x86_64__) && defined(__linux__)
__asm__(".globl _start\n_start: xor %ebp, %ebp\n mov %rsp, %rdi\n and $-16, %rsp\n call begin\n");
static long call(long number, long a, long b, long c, long d, long e, long f) {
  register long fourth __asm__("r10") = d, fifth __asm__("r8") = e, sixth __asm__("r9") = f;
  __asm__ volatile("syscall" : "+a"(number) : "D"(a), "S"(b), "d"(c), "r"(fourth), "r"(fifth), "r"(sixth) : "rcx", "r11", "memory");
  return number;
}
#elif defined(__aarch64__) && defined(__linux__)
__asm__(".globl _start\n_start: mov x29, #0\n mov x30, #0\n mov x0, sp\n b begin\n");
static long call(long number, long a, long b, long c, long d, long e, long f) {
  register long which __asm__("x8") = number, first __asm__("x0") = a, second __asm__("x1") = b, third __asm__("x2") = c;
  register long fourth __asm__("x3") = d, fifth __asm__("x4") = e, sixth __asm__("x5") = f;
  __asm__ volatile("svc #0" : "+r"(first) : "r"(which), "r"(second), "r"(third), "r"(fourth), "r"(fifth), "r"(sixth) : "memory");
  return first;
}
#else
#error the front is for Linux on x86-64 and arm64
#endif

static long sys_read(int from, void *to, size_t length) { return call(SYS_read, from, (long)to, (long)length, 0, 0, 0); }
static long sys_write(int to, const void *bytes, size_t length) { return call(SYS_write, to, (long)bytes, (long)length, 0, 0, 0); }
static long sys_open(const char *path, int flags) { return call(SYS_openat, AT_FDCWD, (long)path, flags, 0, 0, 0); }
static long sys_close(int file) { return call(SYS_close, file, 0, 0, 0, 0, 0); }
static long sys_lseek(int file, long offset, int whence) { return call(SYS_lseek, file, offset, whence, 0, 0, 0); }
static long sys_fcntl(int file, int command) { return call(SYS_fcntl, file, command, 0, 0, 0, 0); }
static long sys_ioctl(int file, unsigned long request, void *with) { return call(SYS_ioctl, file, (long)request, (long)with, 0, 0, 0); }
static long sys_readlink(const char *path, char *to, size_t room) { return call(SYS_readlinkat, AT_FDCWD, (long)path, (long)to, (long)room, 0, 0); }
static long sys_getcwd(char *to, size_t room) { return call(SYS_getcwd, (long)to, (long)room, 0, 0, 0, 0); }
static long sys_getrandom(void *to, size_t length) { return call(SYS_getrandom, (long)to, (long)length, 0, 0, 0, 0); }
static long sys_clock(clockid_t clock, struct timespec *to) { return call(SYS_clock_gettime, clock, (long)to, 0, 0, 0, 0); }
static long sys_poll(struct pollfd *files, long count) { return call(SYS_ppoll, (long)files, count, 0, 0, 0, 0); }
static long sys_socket(int domain, int type) { return call(SYS_socket, domain, type, 0, 0, 0, 0); }
static long sys_connect(int file, const void *address, size_t length) { return call(SYS_connect, file, (long)address, (long)length, 0, 0, 0); }
static long sys_setsockopt(int file, int option, const void *value, size_t length) { return call(SYS_setsockopt, file, SOL_SOCKET, option, (long)value, (long)length, 0); }
static long sys_pipe(int ends[2]) { return call(SYS_pipe2, (long)ends, 0, 0, 0, 0, 0); }
static long sys_dup(int from, int to) { return call(SYS_dup3, from, to, 0, 0, 0, 0); }
static long sys_fork(void) { return call(SYS_clone, SIGCHLD, 0, 0, 0, 0, 0); }
static long sys_getpid(void) { return call(SYS_getpid, 0, 0, 0, 0, 0, 0); }
static long sys_getppid(void) { return call(SYS_getppid, 0, 0, 0, 0, 0, 0); }
static long sys_kill(long process, int with) { return call(SYS_kill, process, with, 0, 0, 0, 0); }
static long sys_execve(const char *path, char **words, char **env) { return call(SYS_execve, (long)path, (long)words, (long)env, 0, 0, 0); }

static void __attribute__((noreturn)) leave(int code) {
  for (;;) call(SYS_exit_group, code, 0, 0, 0, 0, 0);
}

/* A write to whom nobody reads fails, and ends nothing. The system's own form of it: what to do, flags, where to return to, 64 signals. */
static void ignore_broken_pipes(void) {
  const uint64_t action[] = {(uint64_t)(uintptr_t)SIG_IGN, 0, 0, 0};
  call(SYS_rt_sigaction, SIGPIPE, (long)action, 0, 8, 0, 0);
}

/* The compiler calls these by their names, and would also in place of their own loops, if nothing stood there. */
#define A_LOOP_INDEED __asm__ volatile("" : : : "memory")
typedef uint64_t word __attribute__((may_alias, aligned(1)));
void *memcpy(void *to, const void *from, size_t length) {
  size_t at = 0;
  for (; length - at >= sizeof(word); at += sizeof(word)) {
    A_LOOP_INDEED;
    *(word *)((char *)to + at) = *(const word *)((const char *)from + at);
  }
  for (; at < length; at++) {
    A_LOOP_INDEED;
    ((char *)to)[at] = ((const char *)from)[at];
  }
  return to;
}
void *memset(void *to, int byte, size_t length) {
  for (size_t at = 0; at < length; at++) {
    A_LOOP_INDEED;
    ((char *)to)[at] = (char)byte;
  }
  return to;
}
size_t strlen(const char *text) {
  size_t length = 0;
  while (text[length] != 0) {
    A_LOOP_INDEED;
    length++;
  }
  return length;
}

static int begins_with(const char *text, const char *with) {
  while (*with != 0)
    if (*text++ != *with++) return 0;
  return 1;
}

/* The value of a variable, which ends with its `=`. NULL when it is empty or not there. */
static const char *value_of(char **env, const char *variable) {
  for (; *env != NULL; env++)
    if (begins_with(*env, variable)) return (*env)[strlen(variable)] == 0 ? NULL : *env + strlen(variable);
  return NULL;
}

/* The digits from *at on, which goes past them and one more, the mark that divides; -1 when there are none, or more than a long has. */
static long take_number(const char **at, const char *end) {
  long number = 0;
  int digits = 0;
  for (; *at < end && **at >= '0' && **at <= '9' && digits < 18; digits++) number = number * 10 + *(*at)++ - '0';
  if (digits == 0 || (*at < end && **at >= '0' && **at <= '9')) return -1;
  if (*at < end) (*at)++;
  return number;
}

/* Bytes that grow. What they had stood in before is not given back: a run is short. */
struct bytes { char *at; size_t length, room; };

/* Room for so many more; 0 when the system has none. */
static int make_room(struct bytes *bytes, size_t more) {
  size_t room = bytes->room, needed = bytes->length + more;
  if (needed <= room) return 1;
  while (room < needed) room = room < 65536 ? 65536 : room * 2;
  long got = call(SYS_mmap, 0, (long)room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (got < 0 && got > -4096) return 0;
  memcpy((char *)got, bytes->at, bytes->length);
  bytes->at = (char *)got, bytes->room = room;
  return 1;
}

static int add(struct bytes *bytes, const void *more, size_t length) {
  if (!make_room(bytes, length)) return 0;
  memcpy(bytes->at + bytes->length, more, length);
  bytes->length += length;
  return 1;
}

static int add_text(struct bytes *bytes, const char *text) { return add(bytes, text, strlen(text)); }

static int add_number(struct bytes *bytes, long number) {
  char digits[20];
  size_t at = sizeof digits;
  do digits[--at] = (char)('0' + number % 10);
  while ((number /= 10) > 0);
  return add(bytes, digits + at, sizeof digits - at);
}
